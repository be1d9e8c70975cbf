import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problems.ts'
import { readFile } from '../../src/config/read-file.ts'
import { formatEffective } from '../../src/config/redact.ts'
import { type Given, good, load, problemsOf } from '../support/load.ts'

const UPSTREAM = 'upstream: http://127.0.0.1:8000\n'
const SECRET = 'a-secret-of-at-least-thirty-two-bytes-0123456789'

const lineOf = (text: string, part: string) => {
  const before = text.slice(0, text.indexOf(part))
  return `${before.split('\n').length}:${before.length - before.lastIndexOf('\n')}`
}

test('every problem at once, in the order of the file, then of variables, then of flags', () => {
  const yaml = `listen: ":8080"
mode: dryrun
upstreem: http://127.0.0.1:8000
drain: { timeout: 5 }
store: redis://user:pass@127.0.0.1
admin: 0.0.0.0:9000
routes:
  - path: ws
  - name: b
    upstrem: http://127.0.0.1
    origin: { missing: allow }
    token: { secretFile: none, clockTolerence: 5s }
    limits: { frameSize: 8x8, session: {} }
    session: { pong: 41s }
`
  const lines = problemsOf({
    yaml,
    env: { WS_ALLOWED_ORIGINS: 'https://a.example', WS_LOG_LEVEL: 'inf' },
    flags: { listen: '80 80' },
  })
  const at = (part: string, text: string) => `wsluice.yaml:${lineOf(yaml, part)} ${text}`
  assert.deepEqual(lines, [
    at('dryrun', 'mode: expected enforce or dry-run, got "dryrun", did you mean "dry-run"?'),
    at('upstreem', 'upstreem: unknown key, did you mean "upstream"?'),
    at('5 }', 'drain.timeout: expected a duration such as 500ms, 10s, 5m or 1h, got "5"'),
    at('store', 'store: not available in this version'),
    at('0.0.0.0', 'admin: is open to other machines: set adminToken or adminTokenFile, or listen on 127.0.0.1'),
    at(
      'path: ws',
      'routes[0]: no backend: set upstream here, or at the top level (upstream:, WS_UPSTREAM or --upstream)',
    ),
    at('ws\n  - name', 'routes[0].path: expected a path that begins with /, such as /ws/:room or /*, got "ws"'),
    at(
      'name: b',
      'routes[1]: no backend: set upstream here, or at the top level (upstream:, WS_UPSTREAM or --upstream)',
    ),
    at('upstrem:', 'routes[1].upstrem: unknown key, did you mean "upstream"?'),
    at('origin', 'routes[1].origin.allow: missing: expected a list, or one comma-separated text'),
    at('none', 'routes[1].token.secretFile: /etc/wsluice/none: no such file'),
    at('clockTolerence', 'routes[1].token.clockTolerence: unknown key, did you mean "clockTolerance"?'),
    at('8x8', 'routes[1].limits.frameSize: expected a size such as 64KiB, 1MiB or 512, got "8x8"'),
    at(
      'session: {} }',
      'routes[1].limits.session: unknown key, expected handshakes, connections, frameSize, messageSize, fragments, controlFrames, messages, bytes, candidate, mode',
    ),
    at('41s', 'routes[1].session.pong: needs ping: a client that only listens sends nothing unless it is pinged'),
    'WS_ALLOWED_ORIGINS: cannot be used beside the routes of wsluice.yaml:7:1: remove it, or set origin.allow of a route there',
    'WS_LOG_LEVEL: expected debug, info, warn, error or silent, got "inf", did you mean "info"?',
    '--listen: expected :port, host:port, "[v6]:port" or unix:/path, got "80 80"',
  ])
})

const PRECEDENCE: [name: string, given: Given, expected: string][] = [
  ['default', { yaml: UPSTREAM }, 'info 20000 8080 enforce'],
  ['file', { yaml: `${UPSTREAM}logLevel: warn\ndrain: { timeout: 1s }\nlisten: :1\n` }, 'warn 1000 1 enforce'],
  [
    'variable over file',
    {
      yaml: `${UPSTREAM}logLevel: warn\ndrain: { timeout: 1s }\nlisten: :1\n`,
      env: { WS_LOG_LEVEL: 'debug', WS_DRAIN_TIMEOUT: '2s', WS_LISTEN: ':2', WS_MODE: 'enforce' },
    },
    'debug 2000 2 enforce',
  ],
  [
    'flag over variable over file',
    {
      yaml: `${UPSTREAM}listen: :1\n`,
      env: { WS_LISTEN: ':2', WS_MODE: 'enforce' },
      flags: { listen: ':3', dryRun: true },
    },
    'info 20000 3 dry-run',
  ],
  [
    'a flag that says nothing',
    { yaml: UPSTREAM, env: { WS_MODE: 'dry-run' }, flags: { dryRun: false } },
    'info 20000 8080 dry-run',
  ],
  [
    'empty variables',
    { yaml: `${UPSTREAM}listen: :1\n`, env: { WS_LISTEN: '', WS_LOG_LEVEL: ' ' } },
    'info 20000 1 enforce',
  ],
]

for (const [name, given, expected] of PRECEDENCE) {
  test(`precedence: ${name}`, () => {
    const { config } = good(given)
    const port = 'port' in config.listen ? config.listen.port : undefined
    assert.equal(`${config.logLevel} ${config.drain.timeout} ${port} ${config.mode}`, expected)
  })
}

test('the file of a variable beats the secret of the file, and the other way round', () => {
  const files = { '/run/token': 'from-a-file\n', '/etc/wsluice/token': 'beside the configuration' }
  assert.equal(
    good({ yaml: `${UPSTREAM}adminToken: inline\n`, files, env: { WS_ADMIN_TOKEN_FILE: '/run/token' } }).config
      .adminToken,
    'from-a-file',
  )
  assert.equal(
    good({ yaml: `${UPSTREAM}adminTokenFile: token\n`, files, env: { WS_ADMIN_TOKEN: 'inline' } }).config.adminToken,
    'inline',
  )
  assert.equal(
    good({ yaml: `${UPSTREAM}adminTokenFile: token\n`, files }).config.adminToken,
    'beside the configuration',
  )
})

const SWITCHES: [value: string, expected: boolean | undefined][] = [
  ['0', false],
  ['no', false],
  ['off', false],
  ['False', false],
  ['1', true],
  ['on', true],
  ['8x8', undefined],
  ['disabled', undefined],
]

for (const [value, expected] of SWITCHES) {
  test(`WS_WATCH=${value}`, () => {
    const result = load({ yaml: UPSTREAM, env: { WS_WATCH: value } })
    assert.equal(result.ok ? result.config.watch : undefined, expected)
    if (!result.ok) assert.match(result.problems.map(formatProblem).join(), /^WS_WATCH: expected true, false/)
  })
}

test('a sidecar from variables alone', () => {
  const { config, files } = good({
    files: { '/run/secret': `${SECRET}\n` },
    env: {
      WS_UPSTREAM: 'http://127.0.0.1:8000',
      WS_TOKEN_SECRET_FILE: '/run/secret',
      WS_ALLOWED_ORIGINS: 'https://a.example, https://b.example',
      WS_TRUSTED_IFRAME_HOSTS: 'widget.example',
      WS_MAX_CONNECTIONS_PER_USER: '5',
      WS_MAX_TOTAL_CONNECTIONS: '10000',
    },
  })
  const [route] = config.routes
  assert.equal(config.routes.length, 1)
  assert.equal(route?.name, 'default')
  assert.equal(route?.path, '/*')
  assert.equal(route?.token?.secret, SECRET)
  assert.deepEqual(route?.origin?.allow, ['https://a.example', 'https://b.example'])
  assert.deepEqual(route?.domains?.iframeHosts, ['widget.example'])
  assert.equal(route?.limits.connections?.perUser, 5)
  assert.equal(route?.limits.connections?.total, 10_000)
  assert.equal(route?.limits.connections?.perIp, undefined)
  assert.equal(config.limits.connections, undefined)
  assert.deepEqual(files, ['/run/secret'])
})

test('without variables the one route has no check', () => {
  const [route] = good({ env: { WS_UPSTREAM: 'http://127.0.0.1:8000' } }).config.routes
  assert.deepEqual(
    [route?.origin, route?.token, route?.domains, route?.authorize, route?.limits.connections],
    Array(5).fill(undefined),
  )
})

const EMPTY = [
  'WS_TOKEN_SECRET',
  'WS_TOKEN_SECRET_FILE',
  'WS_TOKEN_JWKS',
  'WS_TOKEN_ISSUER',
  'WS_ALLOWED_ORIGINS',
  'WS_TRUSTED_IFRAME_HOSTS',
  'WS_DOMAIN_CLAIM',
]

for (const name of EMPTY) {
  for (const value of ['', ' ', ' , ']) {
    test(`${name}=${JSON.stringify(value)} would turn a check off in silence`, () => {
      const lines = problemsOf({ env: { WS_UPSTREAM: 'http://127.0.0.1:8000', [name]: value } })
      assert.deepEqual(lines, [`${name}: is empty: remove it, or give it a value`])
    })
  }
}

const ENVIRONMENT: [name: string, env: Record<string, string>, expected: string[]][] = [
  ['no upstream', {}, ['no backend: set upstream here, or at the top level (upstream:, WS_UPSTREAM or --upstream)']],
  [
    'a token without a key',
    { WS_UPSTREAM: 'http://x', WS_TOKEN_USER: 'uid' },
    ['WS_TOKEN_USER: expected a key: WS_TOKEN_SECRET, WS_TOKEN_SECRET_FILE, WS_TOKEN_PUBLIC_KEY or WS_TOKEN_JWKS'],
  ],
  [
    'a user limit without a token',
    { WS_UPSTREAM: 'http://x', WS_MAX_CONNECTIONS_PER_USER: '5' },
    [
      'WS_MAX_CONNECTIONS_PER_USER: the user is named by a token: set WS_TOKEN_SECRET, WS_TOKEN_SECRET_FILE, WS_TOKEN_PUBLIC_KEY or WS_TOKEN_JWKS',
    ],
  ],
  [
    'domains without a token',
    { WS_UPSTREAM: 'http://x', WS_TRUSTED_IFRAME_HOSTS: 'widget.example' },
    [
      'WS_TRUSTED_IFRAME_HOSTS: domains are listed in a token: set WS_TOKEN_SECRET, WS_TOKEN_SECRET_FILE, WS_TOKEN_PUBLIC_KEY or WS_TOKEN_JWKS',
    ],
  ],
  [
    'listeners',
    { WS_UPSTREAM: 'http://x', WS_LISTEN: ':9464', WS_ADMIN_LISTEN: ':9465' },
    [
      'WS_LISTEN: takes :9464, the default of ops: set WS_OPS_LISTEN to another address, or to off',
      'WS_ADMIN_LISTEN: is open to other machines: set WS_ADMIN_TOKEN or WS_ADMIN_TOKEN_FILE, or listen on 127.0.0.1',
    ],
  ],
  [
    'a parent of nothing',
    { WS_UPSTREAM: 'http://x', WS_PARENT_ORIGIN: 'header:x-parent', WS_TOKEN_SECRET: SECRET },
    [
      'WS_PARENT_ORIGIN: does nothing by itself: set WS_DOMAIN_CLAIM or WS_TRUSTED_IFRAME_HOSTS too, which turns the check of domains on',
    ],
  ],
  [
    'not in this version',
    { WS_UPSTREAM: 'http://x', WS_STORE: 'redis://:pw@x', WS_CORS: 'x', WS_RATE_LIMIT_WINDOW: '' },
    ['WS_STORE: not available in this version', 'WS_CORS: not available in this version'],
  ],
  [
    'both spellings of a secret',
    { WS_UPSTREAM: 'http://x', WS_ADMIN_TOKEN: SECRET, WS_ADMIN_TOKEN_FILE: '/run/x' },
    ['WS_ADMIN_TOKEN: give WS_ADMIN_TOKEN or WS_ADMIN_TOKEN_FILE, not both'],
  ],
  [
    'an entry of a list',
    { WS_UPSTREAM: 'http://x', WS_ALLOWED_ORIGINS: 'https://a.example,b.example' },
    ['WS_ALLOWED_ORIGINS: b.example: an origin needs a scheme, did you mean "https://b.example"?'],
  ],
  [
    'a file that is not there',
    { WS_UPSTREAM: 'http://x', WS_TOKEN_PUBLIC_KEY: 'key.pem' },
    ['WS_TOKEN_PUBLIC_KEY: /etc/wsluice/key.pem: no such file'],
  ],
  [
    'a configuration file that is not there',
    { WS_CONFIG: 'none.yaml', WS_MODE: 'x' },
    ['none.yaml: no such file', 'WS_MODE: expected enforce or dry-run, got "x"'],
  ],
]

for (const [name, env, expected] of ENVIRONMENT)
  test(`variables: ${name}`, () => assert.deepEqual(problemsOf({ env }), expected))

test('an empty WS_PARENT_ORIGIN is unset, and one beside the domain check is taken', () => {
  const env = { WS_UPSTREAM: 'http://x', WS_TOKEN_SECRET: SECRET, WS_PARENT_ORIGIN: ' ' }
  assert.equal(good({ env }).config.routes[0]?.domains, undefined)
  const on = { ...env, WS_PARENT_ORIGIN: 'header:x-parent', WS_DOMAIN_CLAIM: 'sites' }
  assert.equal(good({ env: on }).config.routes[0]?.domains?.parentOrigin.text, 'header:x-parent')
})

test('a mistyped variable is warned about where something else is wrong, too', () => {
  const result = load({ env: { WS_UPSTREM: 'http://x' } })
  assert.equal(result.ok, false)
  assert.deepEqual(result.warnings, ['WS_UPSTREM: unknown variable, ignored; did you mean WS_UPSTREAM?'])
})

test('unknown variables are warned about, with the nearest name and without their value', () => {
  const env = {
    WS_UPSTREAM: 'http://x',
    WS_LISTE: SECRET,
    WS_SERVICE_HOST: '10.0.0.1',
    WS_PORT: 'tcp://10.0.0.1:80',
    WSLUICE: 'x',
    WS_ZZZZ: 'x',
  }
  assert.deepEqual(good({ env }).warnings, [
    'WS_LISTE: unknown variable, ignored; did you mean WS_LISTEN?',
    'WS_SERVICE_HOST: unknown variable, ignored; Kubernetes sets it for a Service called ws',
    'WS_PORT: unknown variable, ignored; Kubernetes sets it for a Service called ws',
    'WS_ZZZZ: unknown variable, ignored',
  ])
})

const HIDDEN = 'hunter2-hunter2-hunter2-hunter2-hunter2'

const LEAKS: [name: string, given: Given][] = [
  ['a secret of the wrong type', { yaml: `${UPSTREAM}adminToken: [${HIDDEN}]` }],
  ['a secret one level too high', { yaml: `${UPSTREAM}routes: [{ path: /a, token: ${HIDDEN} }]` }],
  ['a secret nested too deep', { yaml: `${UPSTREAM}routes: [{ path: /a, token: { secret: { value: ${HIDDEN} } } }]` }],
  ['secrets that are no list', { yaml: `${UPSTREAM}routes: [{ path: /a, token: { secrets: ${HIDDEN} } }]` }],
  ['an empty secret among secrets', { yaml: `${UPSTREAM}routes: [{ path: /a, token: { secrets: [${HIDDEN}, ""] } }]` }],
  ['both spellings', { yaml: `${UPSTREAM}adminToken: ${HIDDEN}\nadminTokenFile: x` }],
  [
    'an unknown key beside it',
    { yaml: `${UPSTREAM}routes: [{ path: /a, token: { secret: ${HIDDEN}, secrt: ${HIDDEN} } }]` },
  ],
  [
    'an algorithm no key serves',
    { yaml: `${UPSTREAM}routes: [{ path: /a, token: { secret: ${HIDDEN}, algorithms: RS256 } }]` },
  ],
  [
    'a file that is a secret',
    { yaml: `${UPSTREAM}routes: [{ path: /a, token: { publicKey: key } }]`, files: { '/etc/wsluice/key': HIDDEN } },
  ],
  [
    'a blank file beside it',
    {
      yaml: `${UPSTREAM}adminTokenFile: b\nroutes: [{ path: /a, token: { secret: ${HIDDEN}, x: 1 } }]`,
      files: { '/etc/wsluice/b': '\n' },
    },
  ],
  ['a broken file', { yaml: `adminToken: "${HIDDEN}\nlisten: :1` }],
  ['a variable', { env: { WS_TOKEN_SECRET: HIDDEN, WS_TOKEN_ALGORITHMS: 'RS256' } }],
  ['both variables', { env: { WS_TOKEN_SECRET: HIDDEN, WS_TOKEN_SECRET_FILE: '/x' } }],
  ['a variable of another version', { env: { WS_STORE: `redis://:${HIDDEN}@x` } }],
  ['a password in a URL', { env: { WS_UPSTREAM: `http://user:${HIDDEN}@x:1` } }],
  [
    'a password in the URL of keys',
    { env: { WS_UPSTREAM: 'http://x', WS_TOKEN_JWKS: `https://user:${HIDDEN}@x/jwks` } },
  ],
  [
    'a key in the query of an upstream',
    { yaml: `upstream: http://127.0.0.1:8000/?key=${HIDDEN}\nroutes: [{ path: /a }]` },
  ],
  ['a secret in place of its file', { yaml: `${UPSTREAM}adminTokenFile: "${HIDDEN}\\n${HIDDEN}"` }],
  [
    'a key in place of its file',
    { yaml: `${UPSTREAM}routes: [{ path: /a, token: { publicKey: "-----BEGIN ${HIDDEN}" } }]` },
  ],
  ['a JWK in place of its file', { env: { WS_UPSTREAM: 'http://x', WS_TOKEN_PUBLIC_KEY: `{"k":"${HIDDEN}"}` } }],
  ['a long text in place of a file', { env: { WS_UPSTREAM: 'http://x', WS_TOKEN_SECRET_FILE: HIDDEN.repeat(20) } }],
  [
    'a text in a list of files',
    { yaml: `${UPSTREAM}routes: [{ path: /a, token: { secretsFile: ["${HIDDEN}\\n"] } }]` },
  ],
  ['a variable beside routes', { yaml: `${UPSTREAM}routes: [{ path: /a }]`, env: { WS_TOKEN_SECRET: HIDDEN } }],
]

for (const [name, given] of LEAKS) {
  test(`no problem shows a secret: ${name}`, () => {
    const result = load(given)
    assert.equal(result.ok, false)
    assert.doesNotMatch(JSON.stringify(result), /hunter2/)
  })
}

test('the content of a file in place of its path is said to be that', () => {
  const pem = '"-----BEGIN PUBLIC KEY-----\\nabc\\n-----END PUBLIC KEY-----"'
  assert.deepEqual(problemsOf({ yaml: `${UPSTREAM}routes: [{ path: /a, token: { publicKey: ${pem} } }]` }), [
    'wsluice.yaml:2:42 routes[0].token.publicKey: expected the path of a file, got its content',
  ])
})

test('a secret with slashes in place of its file is no path that is shown; a path with a slip is', () => {
  const yaml = (path: string) => `${UPSTREAM}adminTokenFile: ${path}\n`
  const read = (path: string) => {
    const result = loadConfig({ env: {}, flags: { config: 'w.yaml' }, cwd: '/', readFile: fromDisk(yaml(path)) })
    return result.ok ? [] : result.problems.map(formatProblem)
  }
  assert.deepEqual(read('hunter2/hunter2+x'), [
    'w.yaml:2:17 adminTokenFile: expected the path of a file: no such folder',
  ])
  assert.deepEqual(read('no-such-file-here'), ['w.yaml:2:17 adminTokenFile: /no-such-file-here: no such file'])
})

/** The configuration is given, all else is read. */
const fromDisk = (yaml: string) => (path: string) => (path === '/w.yaml' ? yaml : readFile(path))

test('one file that cannot be read is one problem', () => {
  const files = { '/etc/wsluice/key.pem': 'x' }
  assert.deepEqual(problemsOf({ yaml: `${UPSTREAM}tls: { cert: none.pem, key: key.pem }`, files }), [
    'wsluice.yaml:2:14 tls.cert: /etc/wsluice/none.pem: no such file',
  ])
})

test('the query of a URL is not shown, for it may hold a key', () => {
  const yaml = `${UPSTREAM}routes: [{ path: /a, token: { jwks: "https://id.example/jwks?key=${HIDDEN}" } }]`
  const text = formatEffective(good({ yaml }).effective)
  assert.match(text, /jwks: https:\/\/id\.example\/jwks\?\[hidden\]/)
  assert.doesNotMatch(text, /hunter2/)
})

const NUMBERS = ['0123456789012', '1e10', '0x1F', '1.10', '12345678901234567890', '+5', '.5', '7']

test('a text that YAML takes for a number stays as it is written', () => {
  for (const written of NUMBERS) {
    const { config } = good({ yaml: `${UPSTREAM}adminToken: ${written}\n` })
    assert.equal(config.adminToken, written)
  }
  const { config } = good({ yaml: `${UPSTREAM}routes: [{ name: a, token: { secrets: [0123, 1.10] } }]\n` })
  assert.deepEqual(config.routes[0]?.token?.secrets, ['0123', '1.10'])
})

test('a good configuration shows no secret either', () => {
  const yaml = `${UPSTREAM}adminToken: ${HIDDEN}
routes:
  - { name: a, path: /a, token: { secret: hunter2 } }
  - { name: b, path: /b, token: { secrets: [hunter2, ${HIDDEN}], issuer: me } }
  - { name: c, path: /c, token: { secretFile: key } }
`
  const { effective, warnings } = good({ yaml, files: { '/etc/wsluice/key': `${HIDDEN}\n` } })
  const text = `${formatEffective(effective)}${JSON.stringify(effective)}${warnings.join()}`
  assert.doesNotMatch(text, /hunter2/)
  assert.match(text, /adminToken: "\[hidden\]"/)
  assert.match(text, /secretFile: \/etc\/wsluice\/key/)
})

test('a secret file gives up one newline, and no more', () => {
  const secret = (content: string) =>
    good({ yaml: `${UPSTREAM}adminTokenFile: t\n`, files: { '/etc/wsluice/t': content } }).config.adminToken
  assert.equal(secret('abc'), 'abc')
  assert.equal(secret('abc\n'), 'abc')
  assert.equal(secret('abc\r\n'), 'abc')
  assert.equal(secret('abc\n\n'), 'abc\n')
  assert.equal(secret(' abc '), ' abc ')
})

test('secrets for rotation may each stand in a file', () => {
  const yaml = `${UPSTREAM}routes: [{ path: /a, token: { secretsFile: [new, old] } }]\n`
  const { config, files } = good({ yaml, files: { '/etc/wsluice/new': SECRET, '/etc/wsluice/old': `${SECRET}-old\n` } })
  assert.deepEqual(config.routes[0]?.token?.secrets, [SECRET, `${SECRET}-old`])
  assert.deepEqual(files, ['/etc/wsluice/wsluice.yaml', '/etc/wsluice/new', '/etc/wsluice/old'])
})

const RULES: [name: string, yaml: string, expected: RegExp | undefined][] = [
  ['admin on every host', `${UPSTREAM}admin: :9465`, /^wsluice.yaml:2:8 admin: is open/],
  ['admin on localhost', `${UPSTREAM}admin: localhost:9465`, undefined],
  ['admin on IPv6 loopback', `${UPSTREAM}admin: "[::1]:9465"`, undefined],
  ['admin on a unix socket', `${UPSTREAM}admin: unix:/run/admin.sock`, undefined],
  ['admin off', `${UPSTREAM}admin: off`, undefined],
  ['admin on a name that begins like loopback', `${UPSTREAM}admin: 127.0.0.1.example.com:9465`, /admin: is open/],
  ['admin with a token', `${UPSTREAM}admin: :9465\nadminToken: x`, undefined],
  [
    'one address twice',
    `${UPSTREAM}listen: :8080\nops: :8080`,
    /^wsluice.yaml:3:6 ops: takes the same address as listen/,
  ],
  ['one port on two hosts', `${UPSTREAM}listen: 127.0.0.1:8080\nops: 127.0.0.2:8080`, undefined],
  [
    'one port on every host and on one',
    `${UPSTREAM}listen: :9465`,
    /^wsluice.yaml:2:9 listen: takes 127.0.0.1:9465, the default of admin/,
  ],
  ['any port twice', `${UPSTREAM}listen: :0\nops: :0`, undefined],
  [
    'one name twice',
    `${UPSTREAM}routes: [{ name: a, path: /a }, { name: a, path: /b }]`,
    /routes\[1\].name: routes\[0\] has the same name/,
  ],
  [
    'one path twice',
    `${UPSTREAM}routes: [{ path: /a }, { path: /a }]`,
    /routes\[1\].name: routes\[0\] has the same name/,
  ],
  [
    'one identity header twice',
    `${UPSTREAM}routes: [{ path: /a, token: { secret: ${SECRET} }, headers: { user: X-A, claims: x-a } }]`,
    /headers.claims: is the header of headers.user too/,
  ],
  [
    'an identity header of the handshake',
    `${UPSTREAM}routes: [{ path: /a, token: { secret: ${SECRET} }, headers: { user: Sec-WebSocket-Key } }]`,
    /headers.user: is a header of the handshake/,
  ],
  [
    'identity without a token',
    `${UPSTREAM}routes: [{ path: /a, headers: { user: X-A } }]`,
    /routes\[0\].headers: identity comes from a token/,
  ],
  ['an upstream for each route', 'routes: [{ path: /a, upstream: http://127.0.0.1 }]', undefined],
  [
    'a parameter no path has',
    `${UPSTREAM}routes: [{ path: /a/:x, limits: { connections: { perKey: { key: "param:y", max: 5 } } } }]`,
    /perKey.key: the path of the route has no :y/,
  ],
  [
    'a process limit by user without tokens',
    `${UPSTREAM}limits: { connections: { perUser: 5 } }`,
    /limits.connections.perUser: /,
  ],
  [
    'a section with nothing in it',
    `${UPSTREAM}routes: [{ path: /a, token: }]`,
    /routes\[0\].token: expected a section of settings, got nothing/,
  ],
  [
    'a route named as no route is',
    `${UPSTREAM}routes: [{ name: none, path: /a }]`,
    /routes\[0\].name: expected another name: in logs and metrics none stands for no route/,
  ],
  [
    'no source of a token',
    `${UPSTREAM}routes: [{ path: /a, token: { secret: ${SECRET}, from: [] } }]`,
    /token.from: expected at least one entry/,
  ],
  [
    'a misspelt source of a token',
    `${UPSTREAM}routes: [{ path: /a, token: { secret: ${SECRET}, from: [qurey:token] } }]`,
    /token.from\[0\]: expected a source, did you mean "query:…"\?/,
  ],
  [
    'a misspelt algorithm',
    `${UPSTREAM}routes: [{ path: /a, token: { secret: ${SECRET}, algorithms: [hs-256] } }]`,
    /token.algorithms\[0\]: expected HS256, .*, got "hs-256", did you mean "HS256"\?/,
  ],
  ['no routes', `${UPSTREAM}routes: []`, /routes: expected at least one route/],
  [
    'an object in place of a file',
    `${UPSTREAM}routes: [{ path: /a, token: { publicKey: { path: /x, text: y } } }]`,
    /publicKey: expected the path of a file/,
  ],
  [
    'a close code that may not be sent',
    `${UPSTREAM}closeCodes: { token_expired: { code: 1006 } }`,
    /closeCodes.token_expired.code: expected a close code/,
  ],
  [
    'a reason that is none',
    `${UPSTREAM}closeCodes: { token_expird: { code: 4001 } }`,
    /closeCodes.token_expird: unknown key, did you mean "token_expired"/,
  ],
  ['a setting one level too high', `${UPSTREAM}token: {}`, /token: unknown key, did you mean "routes\[\].token"/],
  ['a file that holds itself', `${UPSTREAM}routes: &all [*all]`, /routes\[0\]: expected a section/],
  ['a scalar where a section is', `${UPSTREAM}drain: 5`, /drain: expected a section of settings, got a number/],
]

for (const [name, yaml, expected] of RULES) {
  test(`rule: ${name}`, () => {
    const lines = problemsOf({ yaml })
    if (expected) assert.match(lines.join('\n'), expected)
    else assert.deepEqual(lines, [])
  })
}

test('a variable below what the file made a scalar is no crash', () => {
  const lines = problemsOf({ yaml: `${UPSTREAM}drain: 5`, env: { WS_DRAIN_TIMEOUT: '5s' } })
  assert.deepEqual(lines, ['wsluice.yaml:2:8 drain: expected a section of settings, got a number'])
})

const TOKEN = `token: { secret: ${SECRET} }`

const WARNINGS: [name: string, yaml: string, expected: string[]][] = [
  ['none', `${UPSTREAM}routes: [{ path: /a, ${TOKEN} }]`, []],
  [
    'a weak secret',
    `${UPSTREAM}routes: [{ name: a, path: /a, token: { secret: short } }]`,
    ['route a: an HMAC secret of less than 32 bytes can be guessed; make one with: openssl rand -base64 48'],
  ],
  [
    'process dry run',
    `${UPSTREAM}mode: dry-run\nlimits: { connections: { total: 5 } }\nroutes: [{ path: /a, mode: dry-run, ${TOKEN}, limits: { frameSize: 1MiB } }]`,
    ['process mode dry-run silences limits.connections, routes[0].token, routes[0].limits.frameSize'],
  ],
  [
    'route dry run',
    `${UPSTREAM}routes: [{ path: /a, mode: dry-run, ${TOKEN} }]`,
    ['routes[0].mode dry-run silences routes[0].token'],
  ],
  [
    'route dry run, and limits over all routes',
    `${UPSTREAM}trustedProxies: [loopback]\nlimits: { handshakes: { perIp: 5/s }, connections: { total: 5 }, candidate: { connections: { total: 4 } } }\nroutes: [{ path: /a, mode: dry-run, ${TOKEN} }]`,
    ['routes[0].mode dry-run silences routes[0].token, limits.connections on this route'],
  ],
  [
    'limits dry run, and a route',
    `${UPSTREAM}limits: { mode: dry-run, connections: { total: 5 } }\nroutes: [{ path: /a, mode: dry-run, ${TOKEN} }]`,
    ['limits.mode dry-run silences limits.connections', 'routes[0].mode dry-run silences routes[0].token'],
  ],
  [
    'a path with a slash more, without the policy',
    `${UPSTREAM}routes: [{ name: ws, path: /ws, ${TOKEN} }, { name: all, path: /* }]`,
    ['route ws is for /ws alone: /ws/ is another path, which route all takes without a policy'],
  ],
  [
    'a path with a slash more, with a policy',
    `${UPSTREAM}routes: [{ path: /ws, ${TOKEN} }, { path: /ws/* , ${TOKEN} }, { path: /* }]`,
    [],
  ],
  ['a path with a slash more, without a policy before', `${UPSTREAM}routes: [{ path: /ws }, { path: /* }]`, []],
  ['a path with a slash more, which no route takes', `${UPSTREAM}routes: [{ path: /ws, ${TOKEN} }]`, []],
  [
    'a unix socket and limits by address',
    'upstream: http://x\nlisten: unix:/run/w.sock\nlimits: { connections: { perIp: 9 } }\nroutes: [{ name: a, limits: { messages: { perIp: 5/s } } }]',
    [
      'limits.connections.perIp counts all clients as one: listen is a unix socket; put unix into trustedProxies if a proxy names the clients',
      'route a: limits.messages.perIp counts all clients as one: listen is a unix socket; put unix into trustedProxies if a proxy names the clients',
    ],
  ],
  [
    'a unix socket that is trusted',
    'upstream: http://x\nlisten: unix:/run/w.sock\ntrustedProxies: [unix]\nlimits: { connections: { perIp: 9 } }',
    [],
  ],
  [
    'limits dry run',
    `${UPSTREAM}routes: [{ path: /a, limits: { mode: dry-run, frameSize: 1MiB } }]`,
    ['routes[0].limits.mode dry-run silences routes[0].limits.frameSize'],
  ],
  [
    'a shadowed route',
    `${UPSTREAM}routes: [{ path: /* }, { path: /a }]`,
    ['route /a is never reached: /* before it takes every path of it'],
  ],
  [
    'a route shadowed by a prefix',
    `${UPSTREAM}routes: [{ path: /ws/:a/* }, { path: /ws/:b/c }, { path: /ws/* }]`,
    ['route /ws/:b/c is never reached: /ws/:a/* before it takes every path of it'],
  ],
  ['no shadow of what is more', `${UPSTREAM}routes: [{ path: /a/:b }, { path: /a/* }, { path: /a }]`, []],
]

for (const [name, yaml, expected] of WARNINGS)
  test(`warning: ${name}`, () => assert.deepEqual(good({ yaml }).warnings, expected))

test('the effective configuration loads to the same configuration', () => {
  const yaml = `${UPSTREAM}listen: 127.0.0.1:8080
trustedProxies: loopback, 10.0.0.0/8
closeCodes: { preset: replyx, token_expired: { code: 4009, text: "bye: bye" } }
routes:
  - path: /ws/:room
    origin: { allow: "https://a.example, https://b.example", mode: dry-run }
    token: { secretFile: key, from: [header:authorization, query:token], strip: yes }
    authorize: [{ claim: room, equals: "param:room" }]
    limits: { messages: { perConnection: [10/s, 100/min] }, connections: { perUser: 5 } }
`
  const files = { '/etc/wsluice/key': SECRET }
  const first = good({ yaml, files })
  const again = good({ yaml: formatEffective(first.effective), files })
  // Functions, such as readers of values, are compared by what they were made of.
  assert.equal(JSON.stringify(again.config), JSON.stringify(first.config))
  assert.deepEqual(again.effective, first.effective)
  assert.deepEqual(again.files, first.files)
})

test('hostile files are refused with a bound', () => {
  assert.deepEqual(problemsOf({ yaml: `a: ${'x'.repeat(2 ** 20)}` }), ['wsluice.yaml: is larger than 1 MiB'])
  const lines = problemsOf({
    yaml: `${UPSTREAM}"${'k'.repeat(500)}": 1\n"\\e[31m\\u202e": 1\nlisten: "${'9'.repeat(500)}"\n`,
  })
  assert.equal(lines.length, 3)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is left is the point
  for (const line of lines) assert.ok(line.length < 400 && !/[\u0000-\u001f\u202e]/.test(line), line)
})

test('the same environment does not change what is given', () => {
  const env = Object.freeze({ WS_UPSTREAM: 'http://127.0.0.1:8000', WS_TOKEN_SECRET: SECRET })
  assert.deepEqual(good({ env }).config.routes[0]?.token?.secret, good({ env }).config.routes[0]?.token?.secret)
})
