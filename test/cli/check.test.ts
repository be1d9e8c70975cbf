import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { parse } from 'yaml'
import { commandLine, folder } from '../support/command-line.ts'

const SECRET = 'a-secret-of-at-least-thirty-two-bytes-0123456789'

const GOOD = `upstream: http://127.0.0.1:8000
adminToken: ${SECRET}-admin
routes:
  - name: widget
    path: /ws/:id
    token: { secret: ${SECRET} }
    limits: { connections: { perUser: 5 } }
`

const check = (t: TestContext, yaml: string, args: string[] = [], env: Record<string, string> = {}) =>
  commandLine(['check', '--config', 'wsluice.yaml', ...args], { cwd: folder(t, { 'wsluice.yaml': yaml }), env })

test('a good configuration is printed as it works, defaults filled in, secrets hidden', async (t) => {
  const { code, out, err } = await check(t, GOOD)
  assert.deepEqual([code, err], [0, []])
  assert.ok(!out.includes(SECRET))
  const effective = parse(out)
  assert.equal(effective.listen, ':8080')
  assert.equal(effective.adminToken, '[hidden]')
  assert.equal(effective.routes[0].token.secret, '[hidden]')
  assert.deepEqual(effective.routes[0].token.from, ['query:token'])
})

test('what check prints can be loaded again, secrets aside', async (t) => {
  const { out } = await check(t, 'upstream: http://127.0.0.1:8000\nmode: dry-run\n')
  const again = await check(t, out)
  assert.deepEqual([again.code, again.out], [0, out])
})

const BAD = `listen: ":80800"
upstreem: http://127.0.0.1:8000
routes:
  - path: ws
    token: { secret: ${SECRET}, clockTolerence: 5s }
    limits: { connections: { perIp: many } }
`

test('every problem at once, each with its place, and a suggestion', async (t) => {
  const { code, out, err } = await check(t, BAD)
  assert.deepEqual([code, out], [2, ''])
  const starts = ['1:9 listen', '2:1 upstreem', '4:5 routes[0]', '4:11 routes[0].path', '5:', '6:37 routes[0]']
  for (const start of starts) {
    assert.ok(
      err.some((line) => line.startsWith(`wsluice.yaml:${start}`)),
      `${start} in\n${err.join('\n')}`,
    )
  }
  assert.ok(err.some((line) => line.includes('did you mean "upstream"?')))
  assert.ok(err.some((line) => line.includes('did you mean "clockTolerance"?')))
  assert.doesNotMatch(err.join('\n'), new RegExp(SECRET))
})

test('a secret is never quoted, not even one that is wrong', async (t) => {
  const yaml = `upstream: http://127.0.0.1:8000\nroutes: [{ path: /, token: { secret: [${SECRET}], secrets: ${SECRET} } }]\n`
  const { code, err } = await check(t, yaml)
  assert.equal(code, 2)
  assert.doesNotMatch(err.join('\n'), new RegExp(SECRET))
})

const SOURCES: [name: string, yaml: string, args: string[], env: Record<string, string>, code: number, line: RegExp][] =
  [
    ['a variable that is wrong', GOOD, [], { WS_LISTEN: 'nowhere' }, 2, /^WS_LISTEN: expected/],
    ['a flag that is wrong', GOOD, ['--listen', 'nowhere'], {}, 2, /^--listen: expected/],
    ['a variable that is unknown', GOOD, [], { WS_LISTN: ':1' }, 0, /^warning: WS_LISTN: .*did you mean WS_LISTEN\?/],
    [
      'a variable beside routes',
      GOOD,
      [],
      { WS_ALLOWED_ORIGINS: 'https://a.example' },
      2,
      /^WS_ALLOWED_ORIGINS.*wsluice\.yaml:3/,
    ],
    ['what a dry run silences', GOOD, ['--dry-run'], {}, 0, /^warning: .*dry-run silences .*routes\[0\]\.token/],
    [
      'a variable that is unknown, beside what is wrong',
      'routes: [{ path: / }]',
      [],
      { WS_UPSTREM: 'http://x' },
      2,
      /^warning: WS_UPSTREM: .*did you mean WS_UPSTREAM\?/,
    ],
    ['a weak secret', GOOD.replace(`{ secret: ${SECRET} }`, '{ secret: short }'), [], {}, 0, /^warning: .*32 bytes/],
  ]

for (const [name, yaml, args, env, code, line] of SOURCES) {
  test(`check tells of ${name}`, async (t) => {
    const ended = await check(t, yaml, args, env)
    assert.equal(ended.code, code, ended.err.join('\n'))
    assert.ok(
      ended.err.some((one) => line.test(one)),
      ended.err.join('\n'),
    )
  })
}

test('a flag wins over a variable, a variable over the file', async (t) => {
  const yaml = 'upstream: http://file:1\nlisten: ":1"\nops: ":3"\n'
  const env = { WS_UPSTREAM: 'http://variable:1', WS_LISTEN: ':2' }
  const { out, code } = await check(t, yaml, ['--upstream', 'http://flag:1'], env)
  const { upstream, listen, ops } = parse(out)
  assert.deepEqual([code, upstream, listen, ops], [0, 'http://flag:1', ':2', ':3'])
})

test('a file that is not there', async (t) => {
  const { code, err } = await commandLine(['check', '--config', 'nowhere.yaml'], { cwd: folder(t) })
  assert.deepEqual([code, err], [2, ['nowhere.yaml: no such file']])
})

test('the environment alone, and nothing at all', async (t) => {
  const cwd = folder(t)
  const sidecar = await commandLine(['check'], { cwd, env: { WS_UPSTREAM: 'http://127.0.0.1:8000' } })
  assert.deepEqual([sidecar.code, sidecar.err], [0, []])
  const { code, err } = await commandLine(['check'], { cwd })
  assert.deepEqual([code, err.length], [2, 1])
  assert.match(err[0] ?? '', /WS_UPSTREAM or --upstream/)
})

test('what variables say is printed as a file would say it', async (t) => {
  const env = {
    WS_UPSTREAM: 'http://127.0.0.1:8000',
    WS_IPV6_PREFIX: '56',
    WS_WATCH: 'no',
    WS_TRUSTED_PROXIES: 'loopback, 10.0.0.0/8',
    WS_WORKERS: 'auto',
  }
  const cwd = folder(t)
  const { out, code } = await commandLine(['check'], { cwd, env })
  const { upstream, ipv6Prefix, watch, trustedProxies, workers } = parse(out)
  assert.deepEqual(
    [code, upstream, ipv6Prefix, watch, trustedProxies, workers],
    [0, 'http://127.0.0.1:8000', 56, false, ['loopback', '10.0.0.0/8'], 'auto'],
  )
})

test('WS_CONFIG names the file where no flag does', async (t) => {
  const cwd = folder(t, { 'a.yaml': 'upstream: http://a:1\n', 'b.yaml': 'upstream: http://b:1\n' })
  const env = { WS_CONFIG: 'a.yaml' }
  assert.match((await commandLine(['check'], { cwd, env })).out, /http:\/\/a:1/)
  assert.match((await commandLine(['check', '-c', 'b.yaml'], { cwd, env })).out, /http:\/\/b:1/)
})
