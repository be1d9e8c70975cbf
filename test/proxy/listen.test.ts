import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { listen } from '../../src/proxy/listen.ts'
import { portOf } from '../support/raw.ts'

function server(t: TestContext): Server {
  const made = createServer()
  t.after(() => made.close())
  return made
}

test('port 0 becomes the port in use', async (t) => {
  const made = server(t)
  assert.equal(await listen(made, { host: '127.0.0.1', port: 0 }), `127.0.0.1:${portOf(made)}`)
})

test('without a host both address families are served', async (t) => {
  const made = server(t)
  assert.equal(await listen(made, { port: 0 }), `:${portOf(made)}`)
})

test('an address in use is said so, and the server may try another', async (t) => {
  const [first, second] = [server(t), server(t)]
  const address = await listen(first, { host: '127.0.0.1', port: 0 })
  await assert.rejects(listen(second, { host: '127.0.0.1', port: portOf(first) }), {
    message: `cannot listen on ${address}: the address is in use; stop what uses it, or choose another`,
  })
  await listen(second, { host: '127.0.0.1', port: 0 })
})

test('an address that is not ours is said so', async (t) => {
  await assert.rejects(listen(server(t), { host: '192.0.2.1', port: 0 }), /no such address/)
})

test('a unix socket: one in use is kept, one left behind by a killed process is replaced', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'wsluice-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 's')
  const first = createServer()
  assert.equal(await listen(first, { path }), `unix:${path}`)
  await assert.rejects(listen(server(t), { path }), /in use/)
  first.close()

  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  assert.throws(() => execFileSync(process.execPath, ['-e', script]))
  assert.ok(existsSync(path))
  assert.equal(await listen(server(t), { path }), `unix:${path}`)
})
