/** Which ordinary request goes where; what it looks like there is tested with the pass-through. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backend, echo } from '../support/pass.ts'
import { startTestProxy } from '../support/proxy.ts'

test('it goes to the first matching route, else to the upstream, else nowhere', async (t) => {
  const [one, two] = [await backend(t, echo), await backend(t, echo)]
  const routes = `
routes:
  - { name: a, path: /a/*, upstream: "http://127.0.0.1:${two.port}" }
  - { name: ws, path: /ws, http: refuse, upstream: "http://127.0.0.1:${two.port}", token: { secret: 0123456789abcdef0123456789abcdef } }`
  const proxy = await startTestProxy({ yaml: `upstream: http://127.0.0.1:${one.port}\n${routes}` })
  t.after(() => proxy.stop())
  const get = async (path: string, port = proxy.port) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } })
    return `${response.status} ${await response.text()}`
  }
  assert.equal(await get('/a/x?y'), '200 <GET /a/x?y >')
  assert.equal(two.requests.length, 1)
  assert.equal(await get('/other'), '200 <GET /other >')
  assert.equal(one.requests.length, 1)
  assert.match(await get('/ws'), /^426 /)
  assert.equal(two.requests.length, 1)

  const none = await startTestProxy({ yaml: routes })
  t.after(() => none.stop())
  assert.match(await get('/other', none.port), /^404 /)
})

test('policy judges upgrades only, and identity is still removed from every request', async (t) => {
  const behind = await backend(t, echo)
  const proxy = await startTestProxy({
    yaml: `
upstream: http://127.0.0.1:${behind.port}
routes:
  - { path: /ws, token: { secret: 0123456789abcdef0123456789abcdef }, headers: { user: X-Auth-User } }`,
  })
  t.after(() => proxy.stop())
  const headers = { connection: 'close', 'x-auth-user': 'root', 'x-other': 'kept' }
  for (const path of ['/ws', '/elsewhere']) {
    assert.equal((await fetch(`http://127.0.0.1:${proxy.port}${path}`, { headers })).status, 200)
    const seen = behind.requests.at(-1)?.headers ?? {}
    assert.deepEqual([seen['x-auth-user'], seen['x-other']], [undefined, 'kept'])
  }
})
