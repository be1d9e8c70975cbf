import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { mintToken } from '../../src/tokens/mint.ts'
import { client, echoBackend } from '../support/backend.ts'
import { startTestProxy } from '../support/proxy.ts'

const SECRET = 'a-secret-of-at-least-thirty-two-bytes-0123456789'
const ADMIN = 'an-admin-token-that-nobody-guesses-0123456789'
const FILE = '/test/admin.yaml'

/** A running proxy, and its admin API. */
async function administering(t: TestContext) {
  const { upstream } = await echoBackend(t)
  const yaml = `upstream: ${upstream}
adminToken: ${ADMIN}
drain: { jitter: 0s }
routes: [{ name: chat, path: /a, token: { secret: ${SECRET} } }]
`
  const files: Record<string, string> = { [FILE]: yaml }
  const proxy = await startTestProxy({ env: { WS_CONFIG: FILE }, files })
  t.after(() => proxy.stop())
  const ask = async (method: string, path: string, token = ADMIN) => {
    const headers = { Authorization: `Bearer ${token}` }
    const response = await fetch(`http://${proxy.admin}${path}`, { method, headers })
    // Every answer of the API but the page is JSON; a test names what it expects of it.
    return { status: response.status, body: (await response.json()) as unknown }
  }
  const connect = async (user: string) => {
    const token = await mintToken({ secret: SECRET, claims: { sub: user }, ttlSeconds: 60, now: Date.now() })
    const open = await client(t, `127.0.0.1:${proxy.port}/a?token=${token}`, { Origin: 'https://app.example' })
    await open.echo('in')
    return open
  }
  return { proxy, files, yaml, ask, connect }
}

interface Listed {
  readonly matching: number
  readonly connections: readonly Record<string, unknown>[]
}

test('without the token nothing is told or done', async (t) => {
  const { ask, connect, proxy } = await administering(t)
  const open = await connect('ann')
  for (const [method, path] of [
    ['GET', '/api/config'],
    ['DELETE', '/api/connections?user=ann'],
    ['POST', '/api/drain'],
    ['POST', '/api/reload'],
  ] as const) {
    assert.equal((await ask(method, path, 'guess')).status, 401)
  }
  assert.equal(await open.echo('still'), 'still')
  assert.ok(proxy.logs.some(({ event, action }) => event === 'administered' && action === 'denied'))
})

test('the configuration in force, secrets hidden', async (t) => {
  const { ask } = await administering(t)
  const { status, body } = await ask('GET', '/api/config')
  const text = JSON.stringify(body)
  assert.equal(status, 200)
  assert.match(text, /"name":"chat"/)
  assert.ok(!text.includes(SECRET) && !text.includes(ADMIN))
})

test('open connections are listed', async (t) => {
  const { ask, connect } = await administering(t)
  const open = await connect('ann')
  await connect('bob')
  await open.echo('four')
  const { body } = await ask('GET', '/api/connections?user=ann')
  const { matching, connections } = body as Listed
  assert.equal(matching, 1)
  const { id, since, bytes_in, bytes_out, ...row } = connections[0] ?? {}
  assert.deepEqual(row, {
    route: 'chat',
    ip: '127.0.0.1',
    user: 'ann',
    origin: 'https://app.example',
    messages_in: 2,
    messages_out: 2,
  })
  assert.ok(typeof id === 'string' && Date.parse(String(since)) > 0)
  assert.ok(Number(bytes_in) > 0 && Number(bytes_out) > 0)
})

test('an operator ends one connection, or all of a user', async (t) => {
  const { ask, connect } = await administering(t)
  const ann = await connect('ann')
  const bobs = [await connect('bob'), await connect('bob')]
  const { connections } = (await ask('GET', '/api/connections?user=ann')).body as Listed
  assert.deepEqual(await ask('DELETE', `/api/connections/${connections[0]?.id}`), { status: 200, body: { ended: 1 } })
  assert.deepEqual(await ann.ended, { code: 1008, reason: 'Connection ended' })
  assert.deepEqual(await ask('DELETE', '/api/connections?user=bob'), { status: 200, body: { ended: 2 } })
  for (const bob of bobs) assert.equal((await bob.ended).code, 1008)
})

test('a reload, good and bad', async (t) => {
  const { ask, files, yaml } = await administering(t)
  files[FILE] = yaml.replace('name: chat', 'name: talk')
  assert.deepEqual(await ask('POST', '/api/reload'), { status: 200, body: { reloaded: true } })
  assert.match(JSON.stringify((await ask('GET', '/api/config')).body), /"name":"talk"/)

  files[FILE] = yaml.replace('path: /a', 'path: a')
  const { status, body } = await ask('POST', '/api/reload')
  assert.equal(status, 409)
  assert.match(JSON.stringify(body), /routes\[0\]\.path/)
  assert.match(JSON.stringify((await ask('GET', '/api/config')).body), /"path":"\/a"/)
})

test('the admin token itself is read again', async (t) => {
  const { ask, files, yaml } = await administering(t)
  files[FILE] = yaml.replace(ADMIN, `${ADMIN}-next`)
  await ask('POST', '/api/reload')
  assert.equal((await ask('GET', '/api/config')).status, 401)
  assert.equal((await ask('GET', '/api/config', `${ADMIN}-next`)).status, 200)
})

test('a drain answers when it is done, and new upgrades are refused', async (t) => {
  const { ask, connect, proxy } = await administering(t)
  const open = await connect('ann')
  assert.deepEqual(await ask('POST', '/api/drain?wait=10s'), { status: 200, body: { drained: true, forced: 0 } })
  assert.equal((await open.ended).code, 1012)
  assert.equal((await fetch(`http://${proxy.ops}/readyz`)).status, 503)
  await assert.rejects(connect('bob'), /503/)
})
