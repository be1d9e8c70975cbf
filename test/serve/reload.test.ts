import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { mintToken } from '../../src/tokens/mint.ts'
import { client, echoBackend } from '../support/backend.ts'
import { startTestProxy } from '../support/proxy.ts'

const SECRET = 'a-secret-of-at-least-thirty-two-bytes-0123456789'
const FILE = '/test/reloaded.yaml'

/** A proxy whose configuration file changes with `write`, which counts from the next reload. */
async function proxying(t: TestContext, routes: string, more = '') {
  const { upstream } = await echoBackend(t)
  const files: Record<string, string> = { '/test/secret': SECRET }
  const write = (written: string, extra = more) => {
    files[FILE] = `upstream: ${upstream}\n${extra}\nroutes: ${written}\n`
  }
  write(routes)
  const proxy = await startTestProxy({ env: { WS_CONFIG: FILE }, files })
  t.after(() => proxy.stop())
  const place = `127.0.0.1:${proxy.port}`
  return { proxy, write, files, connect: (path: string) => client(t, `${place}${path}`) }
}

test('the new policy holds for who comes, and who is there stays', async (t) => {
  const { proxy, write, connect } = await proxying(t, '[{ path: /a }]')
  const open = await connect('/a')
  write('[{ path: /b }]')
  assert.deepEqual(await proxy.running.reload(), { ok: true })
  assert.equal((await (await connect('/a')).ended).code, 4404)
  assert.equal(await (await connect('/b')).echo('new'), 'new')
  assert.equal(await open.echo('kept'), 'kept')
})

test('a bad configuration changes nothing, and says every problem', async (t) => {
  const { proxy, write, connect } = await proxying(t, '[{ path: /a }]')
  write('[{ path: nowhere, upstrem: x }]')
  const reloaded = await proxy.running.reload()
  assert.equal(reloaded.ok, false)
  assert.equal(reloaded.ok || reloaded.problems.length, 2)
  assert.match(
    String(!reloaded.ok && reloaded.problems),
    /routes\[0\]\.upstrem: unknown key, did you mean "upstream"\?/,
  )
  const logged = proxy.logs.find(({ event }) => event === 'reload_failed')
  assert.deepEqual([logged?.level, logged?.problems], ['error', !reloaded.ok && reloaded.problems])
  assert.equal(await (await connect('/a')).echo('old'), 'old')
})

test('keys that cannot be used change nothing', async (t) => {
  const { proxy, write, connect } = await proxying(t, '[{ path: /a }]')
  write('[{ path: /a, token: { secretFile: secret, algorithms: [RS256] } }]')
  assert.equal((await proxy.running.reload()).ok, false)
  assert.equal(await (await connect('/a')).echo('old'), 'old')
})

const rated = (rate: string) => `[{ path: /a, limits: { messages: { perConnection: ${rate} } } }]`

test('an open connection takes a new limit', async (t) => {
  const { proxy, write, connect } = await proxying(t, '[{ path: /a }]')
  const open = await connect('/a')
  assert.equal(await open.echo('one'), 'one')
  write(rated('1/h'))
  await proxy.running.reload()
  assert.equal(await open.echo('two'), 'two')
  open.echo('three').catch(() => {})
  assert.equal((await open.ended).code, 1008)
})

test('a reload gives nobody a new allowance', async (t) => {
  const { proxy, write, connect } = await proxying(t, rated('1/h'))
  const open = await connect('/a')
  assert.equal(await open.echo('one'), 'one')
  write(rated('1/h'), 'logLevel: info')
  await proxy.running.reload()
  open.echo('two').catch(() => {})
  assert.equal((await open.ended).code, 1008)
})

test('connections that were open before count after', async (t) => {
  const route = (limits: string) => `[{ path: /a, token: { secretFile: secret }${limits} }]`
  const { proxy, write, connect } = await proxying(t, route(''))
  const token = await mintToken({ secret: SECRET, claims: { sub: 'ann' }, ttlSeconds: 60, now: Date.now() })
  const open = await connect(`/a?token=${token}`)
  assert.equal(await open.echo('in'), 'in')
  write(route(', limits: { connections: { perUser: 1 } }'))
  await proxy.running.reload()
  assert.equal((await (await connect(`/a?token=${token}`)).ended).code, 1008)
  open.close()
  await open.ended
  await proxy.line(({ event }) => event === 'closed')
  assert.equal(await (await connect(`/a?token=${token}`)).echo('in'), 'in')
})

test('a secret file is read again', async (t) => {
  const { proxy, files, connect } = await proxying(t, '[{ path: /a, token: { secretFile: secret } }]')
  const token = await mintToken({ secret: SECRET, claims: {}, ttlSeconds: 60, now: Date.now() })
  assert.equal(await (await connect(`/a?token=${token}`)).echo('in'), 'in')
  files['/test/secret'] = `${SECRET}-rotated`
  await proxy.running.reload()
  assert.equal((await (await connect(`/a?token=${token}`)).ended).code, 4401)
})

test('what takes a restart is said, the rest is taken', async (t) => {
  const { proxy, write, connect } = await proxying(t, '[{ path: /a }]')
  write('[{ path: /b }]', 'handshakeTimeout: 7s\nlogLevel: warn')
  assert.equal((await proxy.running.reload()).ok, true)
  const warnings = proxy.logs.flatMap(({ event, msg }) => (event === 'warning' ? [msg] : []))
  assert.deepEqual(warnings, [
    'handshakeTimeout changed: that takes a restart',
    'logLevel changed: that takes a restart',
  ])
  assert.equal(await (await connect('/b')).echo('new'), 'new')
})

test('a route that is gone leaves its connections as they are', async (t) => {
  const { proxy, write, connect } = await proxying(t, rated('2/h'))
  const open = await connect('/a')
  write('[{ path: /b }]')
  await proxy.running.reload()
  assert.equal(await open.echo('kept'), 'kept')
})
