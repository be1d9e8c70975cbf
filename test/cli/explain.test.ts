import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { mintToken } from '../../src/tokens/mint.ts'
import { httpService } from '../authorization/services.ts'
import { commandLine, folder } from '../support/command-line.ts'
import { startJwksServer } from '../tokens/jwks-server.ts'

const SECRET = 'a-secret-of-at-least-thirty-two-bytes-0123456789'

const YAML = `upstream: http://127.0.0.1:8000
limits: { connections: { total: 10 } }
routes:
  - name: widget
    path: /ws/:room
    origin: { allow: ["https://*.example.com"] }
    token: { secretFile: secret }
    domains: { iframeHosts: [widget.example.com] }
    authorize: [{ claim: room, equals: "param:room" }]
    limits: { connections: { perIp: 5 } }
  - { name: open, path: /open, upstream: ["http://127.0.0.1:1", "unix:/run/app.sock"] }
  - name: living
    path: /living
    token: { secretFile: secret }
    session: { idle: 5m, maxAge: 12h, ping: 25s, pong: 40s, slowConsumer: { buffer: 1MiB, timeout: 30s } }
  - { name: tried, path: /tried, session: { mode: dry-run, idle: 90s, maxAge: 1h, maxAgeJitter: 0s, slowConsumer: { timeout: 5s } } }
  - name: graphql
    path: /graphql
    token: { secretFile: secret, from: ["header:authorization", "message:payload.authorization"] }
    authorize: [{ claim: room, equals: "query:room" }]
    limits: { connections: { perIp: 5, perUser: 2 } }
  - { name: status, path: /status, rejectWith: http, origin: { allow: [same] } }
`

const mint = (claims: object = {}, ttlSeconds = 60) =>
  mintToken({
    secret: SECRET,
    claims: { sub: 'ann', room: '7', allowed_domains: 'shop.example.com', ...claims },
    ttlSeconds,
    now: Date.now(),
  })

const explain = (t: TestContext, ...args: string[]) =>
  commandLine(['explain', '--config', 'wsluice.yaml', ...args], {
    cwd: folder(t, { 'wsluice.yaml': YAML, secret: SECRET }),
  })

const from = (origin: string) => ['--header', `Origin: ${origin}`]
const ask = (path: string) => ['--url', `wss://ws.example${path}`]

/** The line of a check, its columns one blank apart. */
const lineOf = (out: string, check: string) =>
  out
    .split('\n')
    .map((line) => line.replace(/ {2,}/g, ' '))
    .find((line) => line.includes(` ${check} `) && !line.startsWith('client ')) ?? ''

test('admitted: every check in order with what it looked at, and where it goes', async (t) => {
  const token = await mint()
  const { code, out, err } = await explain(t, ...ask(`/ws/7?token=${token}`), ...from('https://shop.example.com'))
  assert.deepEqual([code, err], [0, []])
  const checks = [...out.matchAll(/^passed +(\w+)/gm)].map(([, check]) => check)
  assert.deepEqual(checks, [
    'drain',
    'path',
    'route',
    'shape',
    'origin',
    'token',
    'domains',
    'authorize',
    'connections',
    'connections',
  ])
  assert.match(out, /^client 127\.0\.0\.1, route widget$/m)
  assert.match(out, /^admitted: it goes to http:\/\/127\.0\.0\.1:8000$/m)
  assert.match(lineOf(out, 'token'), /query:token is valid, user ann/)
  assert.match(out, /total 1 of 10, this one included \(over all routes\)/)
  assert.match(out, /perIp 1 of 5, this one included/)
  for (const line of out.split('\n').filter((one) => one.startsWith('passed'))) {
    assert.match(line, /^passed +\w+ {2,}\S/, 'every check says what it looked at')
  }
  assert.ok(!out.includes(token))
})

test('refused: the reason, the detail, what the client sees, what to change, and what was not reached', async (t) => {
  const token = await mint({}, -60)
  const { code, out } = await explain(t, ...ask(`/ws/7?token=${token}`), ...from('https://shop.example.com'))
  assert.equal(code, 3)
  assert.match(lineOf(out, 'token'), /^refused token token_expired: the token has expired/)
  assert.match(out, /^ +the client sees close 4401 "Invalid or expired authentication token"$/m)
  assert.match(out, /^ +to change it: mint a new token/m)
  assert.deepEqual(
    [...out.matchAll(/^not reached +(\w+)/gm)].map(([, check]) => check),
    ['domains', 'authorize', 'connections', 'connections'],
  )
  assert.match(out, /^rejected by token: token_expired$/m)
  assert.ok(!out.includes(token))
})

const OUTCOMES: [name: string, args: (token: string) => string[], code: number, check: string, line: RegExp][] = [
  [
    'no route',
    () => ask('/nowhere'),
    3,
    'route',
    /^refused route route_not_found: no route matches the path \/nowhere/,
  ],
  [
    'a path in another spelling',
    () => ask('/%77s/7'),
    3,
    'path',
    /^refused path bad_request: an encoded letter, digit, -, \., _ or ~ in the path$/,
  ],
  [
    'a doubled parameter',
    (token) => [...ask(`/ws/7?token=${token}&token=x`), ...from('https://shop.example.com')],
    3,
    'shape',
    /bad_request: query parameter token stands more than once/,
  ],
  [
    'a foreign origin',
    (token) => [...ask(`/ws/7?token=${token}`), ...from('https://evil.example')],
    3,
    'origin',
    /origin_not_allowed: Origin https:\/\/evil\.example/,
  ],
  ['no origin', (token) => ask(`/ws/7?token=${token}`), 3, 'origin', /origin_missing/],
  [
    'no token',
    () => [...ask('/ws/7'), ...from('https://shop.example.com')],
    3,
    'token',
    /token_missing: no token in query:token/,
  ],
  [
    'a wrong domain',
    (token) => [...ask(`/ws/7?token=${token}`), ...from('https://other.example.com')],
    3,
    'domains',
    /domain_not_allowed: Origin https:\/\/other/,
  ],
  [
    'an iframe with its parent',
    (token) => [
      ...ask(`/ws/7?token=${token}&parent_origin=https://shop.example.com`),
      ...from('https://widget.example.com'),
    ],
    0,
    'domains',
    /^passed domains query:parent_origin https:\/\/shop/,
  ],
  [
    'an iframe without',
    (token) => [...ask(`/ws/7?token=${token}`), ...from('https://widget.example.com')],
    3,
    'domains',
    /an iframe on a trusted host names no parent: query:parent_origin is absent/,
  ],
  [
    'another room',
    (token) => [...ask(`/ws/8?token=${token}`), ...from('https://shop.example.com')],
    3,
    'authorize',
    /access_denied: claim room does not equal param:room/,
  ],
]

for (const [name, args, code, check, line] of OUTCOMES) {
  test(`explain: ${name}`, async (t) => {
    const ended = await explain(t, ...args(await mint()))
    assert.equal(ended.code, code, ended.out)
    assert.match(lineOf(ended.out, check), line)
  })
}

test('in dry run everything is judged, and what would happen is said', async (t) => {
  const { code, out } = await explain(t, '--dry-run', ...ask('/ws/7?token=x'), ...from('https://evil.example'))
  assert.equal(code, 0)
  assert.match(lineOf(out, 'origin'), /^would refuse origin origin_not_allowed/)
  assert.match(lineOf(out, 'token'), /^would refuse token token_invalid/)
  assert.match(lineOf(out, 'domains'), /^skipped domains an earlier would-be refusal/)
  assert.match(out, /the client would see close 1008/)
  assert.match(out, /^admitted, for this is a dry run.*enforced, origin would refuse it: origin_not_allowed$/m)
})

test('--json says the same for programs', async (t) => {
  const { code, out } = await explain(t, '--json', ...ask('/ws/7'), ...from('https://shop.example.com'))
  assert.equal(code, 3)
  const { outcome, route, ip, checks } = JSON.parse(out)
  assert.deepEqual([outcome, route, ip], ['rejected', 'widget', '127.0.0.1'])
  const token = checks.find(({ check }: { check: string }) => check === 'token')
  assert.deepEqual(token, {
    check: 'token',
    mode: 'enforce',
    outcome: 'refused',
    detail: 'no token in query:token',
    reason: 'token_missing',
    by: 'close',
    code: 4401,
    text: 'Invalid or expired authentication token',
    change: 'send the token where token.from looks for it, or add its place to token.from',
  })
})

test('a route that rejects with a status says so', async (t) => {
  const { out } = await explain(t, ...ask('/status'), ...from('https://evil.example'))
  assert.match(out, /the client sees HTTP 403 "Origin not allowed"/)
})

test('a route without policy, and its backends', async (t) => {
  const { code, out } = await explain(t, ...ask('/open'))
  assert.equal(code, 0)
  assert.match(out, /it goes to http:\/\/127\.0\.0\.1:1 or unix:\/run\/app\.sock/)
})

const ADDRESSES: [name: string, args: string[], ip: string][] = [
  ['the peer', ['--peer', '203.0.113.9'], '203.0.113.9'],
  ['a v4 peer written as v6', ['--peer', '::ffff:203.0.113.9'], '203.0.113.9'],
  [
    'a claim of an untrusted peer',
    ['--peer', '203.0.113.9', '--header', 'X-Forwarded-For: 198.51.100.1'],
    '203.0.113.9',
  ],
  ['a unix peer', ['--peer', 'unix'], 'unix'],
]

for (const [name, args, ip] of ADDRESSES) {
  test(`the client of ${name}`, async (t) => {
    const { out } = await explain(t, ...ask('/open'), ...args)
    assert.match(out, new RegExp(`^client ${ip.replaceAll('.', '\\.')}, route open$`, 'm'))
  })
}

test('Host is that of the URL, or the header', async (t) => {
  const ok = await explain(t, '--url', 'wss://a.example/status', ...from('https://a.example'))
  assert.equal(ok.code, 0)
  const other = await explain(
    t,
    '--url',
    'wss://a.example/status',
    '--header',
    'Host: b.example',
    ...from('https://a.example'),
  )
  assert.equal(other.code, 3)
})

const URLS: [url: string, route: string][] = [
  ['/open', 'open'],
  ['ws://h/open#fragment', 'open'],
  ['WSS://h/open?x=1', 'open'],
  ['https://h/open', 'open'],
  ['wss://h', 'none'],
  ['?x=1', 'none'],
]

for (const [url, route] of URLS) {
  test(`--url ${url}`, async (t) => {
    const { out } = await explain(t, '--url', url)
    assert.match(out, new RegExp(`route ${route}$`, 'm'))
  })
}

const MISTAKES: [name: string, args: string[], line: RegExp][] = [
  ['an empty URL', ['--url', ''], /^--url: expected a URL/],
  ['no URL', ['--url', 'hello'], /^--url: expected a URL.*got hello$/],
  ['another scheme', ['--url', 'ftp://h/open'], /^--url/],
  [
    'a header without a colon',
    [...ask('/open'), '--header', 'Origin'],
    /^--header: expected 'Name: value', which number 1 is not$/,
  ],
  ['a peer that is no address', [...ask('/open'), '--peer', 'me'], /^--peer: expected an address/],
]

for (const [name, args, line] of MISTAKES) {
  test(`a mistake: ${name}`, async (t) => {
    const { code, out, err } = await explain(t, ...args)
    assert.deepEqual([code, out, err.length], [2, '', 1])
    assert.match(err[0] ?? '', line)
  })
}

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl'

const LEAKS: [name: string, args: string[]][] = [
  ['a URL without a scheme', ['--url', `host/ws?token=${JWT}`]],
  ['a URL of another scheme', ['--url', `ftp://me:${JWT}@host/`]],
  ['a token in place of a URL', ['--url', JWT]],
  ['a token in place of a header', [...ask('/open'), '--header', JWT]],
  ['a header without a colon', [...ask('/open'), '--header', 'X: y', '--header', `Authorization Bearer ${JWT}`]],
]

for (const [name, args] of LEAKS) {
  test(`a mistake shows no token: ${name}`, async (t) => {
    const { code, out, err } = await explain(t, ...args)
    assert.deepEqual([code, out, err.length], [2, '', 1])
    assert.doesNotMatch(err[0] ?? '', /eyJ/)
  })
}

test('an endpoint of keys that does not answer is the reason that is given', async (t) => {
  const server = await startJwksServer(t, (_, response) => response.writeHead(503).end())
  const yaml = `upstream: http://127.0.0.1:8000\nroutes: [{ path: /*, token: { jwks: "${server.url}?key=hunter2", algorithms: [RS256] } }]\n`
  const token = `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.e30.c2ln`
  const { code, out } = await commandLine(['explain', '-c', 'w.yaml', '--url', `/?token=${token}`], {
    cwd: folder(t, { 'w.yaml': yaml }),
  })
  assert.equal(code, 3)
  assert.match(lineOf(out, 'token'), /^refused token internal_error: the key set answers 503$/)
  assert.doesNotMatch(out, /hunter2/)
})

const FRAMES = `upstream: http://127.0.0.1:8000
limits: { messages: { total: 1000/s, mode: dry-run } }
routes:
  - name: chat
    path: /*
    limits: { messageSize: 64KiB, messages: { perConnection: [10/s, 100/min] }, candidate: { messageSize: 1KiB } }
`

test('of who is admitted it lists what his frames will be judged by', async (t) => {
  const cwd = folder(t, { 'w.yaml': FRAMES })
  const { code, out } = await commandLine(['explain', '-c', 'w.yaml', '--url', '/ws'], { cwd })
  assert.equal(code, 0)
  const [, after = ''] = out.split('Its frames and messages are judged by\n')
  const listed = after.slice(0, after.indexOf('\n\n')).split('\n')
  assert.deepEqual(
    new Set(listed.map((line) => line.trim())),
    new Set([
      'candidate.messageSize (candidate): 1KiB',
      'messageSize: 64KiB',
      'fragments: 16384',
      'controlFrames: 100/s',
      'messages (over all routes, dry-run): total 1000/s; onExceed close',
      'messages: perConnection 10/s, 100/min; onExceed close',
    ]),
  )
  const json = await commandLine(['explain', '-c', 'w.yaml', '--url', '/ws', '--json'], { cwd })
  const { frames } = JSON.parse(json.out)
  assert.deepEqual(frames.at(-1), {
    check: 'messages',
    mode: 'enforce',
    scope: 'route',
    setting: { perConnection: ['10/s', '100/min'], onExceed: 'close' },
  })
  const refused = await commandLine(['explain', '-c', 'w.yaml', '--url', '//ws', '--json'], { cwd })
  assert.deepEqual(JSON.parse(refused.out).frames, [])
})

test('a forwarding header that is ignored is said, and one that is believed is not', async (t) => {
  const cwd = folder(t, { 'w.yaml': 'upstream: http://a\ntrustedProxies: [10.0.0.0/8]\nroutes: [{ path: /ws }]\n' })
  const asked = async (peer: string, ...more: string[]) => {
    const header = ['--header', 'X-Forwarded-For: 203.0.113.9']
    const args = ['explain', '-c', 'w.yaml', '--url', '/ws', '--peer', peer, ...header, ...more]
    return (await commandLine(args, { cwd })).out
  }
  assert.match(
    await asked('192.0.2.1'),
    /^client 192\.0\.2\.1, route \/ws\nits headers name .* ignored: trustedProxies /,
  )
  assert.match(await asked('10.0.0.1'), /^client 203\.0\.113\.9, route \/ws\n\n/)
  assert.equal(JSON.parse(await asked('192.0.2.1', '--json')).unvouched, true)
  assert.match(await asked('10.0.0.1'), /rates are counted as in a proxy that has just started/)
})

test('control characters of a request do not reach the terminal', async (t) => {
  const { out } = await explain(t, '--url', '/open\u001b[31m?x', '--header', 'Origin: a\u001b]0;x\u0007')
  assert.ok(!out.includes('\u001b') && !out.includes('\u0007'))
})

test('a bad configuration is complained of, exit 2', async (t) => {
  const { code, err } = await commandLine(['explain', '--url', '/'], { cwd: folder(t) })
  assert.equal(code, 2)
  assert.match(err[0] ?? '', /no backend/)
})

test('an authorization service is asked, and its answer is said', async (t) => {
  const url = await httpService(t, (_request, response) => response.writeHead(403).end())
  const yaml = `upstream: http://127.0.0.1:8000\nroutes: [{ authorize: [{ url: "${url}?key=secret" }] }]\n`
  const cwd = folder(t, { 'wsluice.yaml': yaml })
  const { code, out } = await commandLine(['explain', '--config', 'wsluice.yaml', ...ask('/ws')], { cwd })
  assert.equal(code, 3)
  assert.ok(lineOf(out, 'authorize').includes(`access_denied: asked ${url}: answered 403`))
  assert.ok(!out.includes('secret'))
})

/** The lines under the title of what ends a connection. */
const endsOf = (out: string) => out.split('It ends, if neither side ends it, by\n')[1]?.trimEnd().split('\n')

test('what will end an admitted connection, and the code that its client sees', async (t) => {
  const token = await mint()
  const { out } = await explain(t, ...ask(`/living?token=${token}`))
  const [, payload = ''] = token.split('.')
  const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
  assert.deepEqual(endsOf(out), [
    `  token: token_expired, close 4401: at ${new Date(exp * 1000).toISOString()}`,
    '  token: token_revoked, close 4401: when it is revoked',
    '  session: session_idle, close 1001: no message for 5m',
    '  session: session_max_age, close 1001: 12h after it opened, or up to 72m before',
    '  session: pong_timeout, close 1001: not a byte for 40s from a client pinged every 25s',
    '  session: slow_consumer, close 1013: a side takes nothing for 30s, or more than 1048576 bytes wait for it',
  ])
})

test('without a token, and in a dry run: what would end it, and what does all the same', async (t) => {
  const { out } = await explain(t, ...ask('/tried'))
  assert.deepEqual(endsOf(out), [
    '  session (dry-run): session_idle, close 1001: no message for 90s',
    '  session (dry-run): session_max_age, close 1001: 1h after it opened',
    '  session: slow_consumer, close 1013: a side takes nothing for 1m',
  ])
  const refused = await explain(t, '--json', ...ask('/living'))
  assert.deepEqual(JSON.parse(refused.out).ends, [])
  const { ends } = JSON.parse((await explain(t, '--json', ...ask('/tried'))).out)
  assert.deepEqual(ends[0], {
    check: 'session',
    mode: 'dry-run',
    reason: 'session_idle',
    detail: 'no message for 90s',
    code: 1001,
  })
})

test('a service that is asked again', async (t) => {
  const url = await httpService(t, (_, response) => void response.writeHead(200).end())
  const yaml = `upstream: http://127.0.0.1:8000\nroutes: [{ path: /ws, authorize: [{ url: "${url}", recheck: 5m }] }]\n`
  const cwd = folder(t, { 'wsluice.yaml': yaml })
  const { out } = await commandLine(['explain', '--config', 'wsluice.yaml', ...ask('/ws')], { cwd })
  assert.match(out, /^ {2}authorize: access_denied, close 1008: refused when it is asked again, every 5m or so$/m)
})

test('a client that is to speak first: what was judged, and what is to come', async (t) => {
  const { code, out } = await explain(t, ...ask('/graphql?room=7'), '--header', 'Sec-WebSocket-Protocol: graphql-ws')
  assert.equal(code, 0)
  assert.match(out, /^admitted to speak first: with a token in its first message it goes to http/m)
  const checks = [...out.matchAll(/^(passed|to come) +(\w+)/gm)].map(([, outcome, check]) => `${outcome} ${check}`)
  assert.deepEqual(checks.slice(3), [
    'passed shape',
    'passed connections',
    'passed connections',
    'passed token',
    'to come token',
    'to come authorize',
    'to come connections',
    'to come connections',
  ])
  const other = await explain(t, ...ask('/graphql?room=7'), '--header', 'Sec-WebSocket-Protocol: chat', '--json')
  // It prints exactly this.
  const { outcome, checks: all } = JSON.parse(other.out) as { outcome: string; checks: Record<string, string>[] }
  const refused = all.find((one) => one.outcome === 'refused')
  assert.deepEqual([other.code, outcome, refused?.check, refused?.reason], [3, 'rejected', 'token', 'bad_request'])
  const shown = await explain(t, ...ask('/graphql?room=7'), '--header', `Authorization: Bearer ${await mint()}`)
  assert.match(shown.out, /^admitted: it goes to/m)
})
