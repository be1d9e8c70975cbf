import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { listen } from '../../src/proxy/listen.ts'
import { openListeners } from '../../src/serve/listeners.ts'
import type { Listen } from '../../src/settings/listen.ts'
import { folder } from '../support/command-line.ts'
import { good } from '../support/load.ts'
import { portOf } from '../support/raw.ts'

interface Opening {
  readonly listen?: string
  readonly ops?: string
  readonly admin?: string
}

/** Opens listeners at addresses; those named in `given` were asked for, the others are defaults. */
async function opening(t: TestContext, addresses: Opening, given: readonly string[] = Object.keys(addresses)) {
  const all = { listen: '127.0.0.1:0', ops: '127.0.0.1:0', admin: '127.0.0.1:0', ...addresses }
  const { config } = good({ yaml: JSON.stringify({ upstream: 'http://127.0.0.1:1', ...all }) })
  const servers = { listen: createServer(), ops: createServer(), admin: createServer() }
  t.after(() => {
    for (const server of [servers.listen, servers.ops, servers.admin]) server.close()
  })
  const openers = {
    listen: (at: Listen) => listen(servers.listen, at),
    ops: (at: Listen) => listen(servers.ops, at),
    admin: (at: Listen) => listen(servers.admin, at),
  }
  const warnings: string[] = []
  const isGiven = (setting: string) => given.includes(setting)
  const opened = await openListeners(openers, config, isGiven, (message) => warnings.push(message))
  return { opened, warnings, servers }
}

async function taken(t: TestContext): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `127.0.0.1:${portOf(server)}`
}

test('all three listen, and say where', async (t) => {
  const { opened, servers, warnings } = await opening(t, {})
  assert.deepEqual(opened, {
    ops: `127.0.0.1:${portOf(servers.ops)}`,
    admin: `127.0.0.1:${portOf(servers.admin)}`,
    listen: `127.0.0.1:${portOf(servers.listen)}`,
  })
  assert.deepEqual(warnings, [])
})

test('off is not opened', async (t) => {
  const { opened, servers } = await opening(t, { ops: 'off', admin: 'off' })
  assert.deepEqual(Object.keys(opened), ['listen'])
  assert.deepEqual([servers.ops.listening, servers.admin.listening], [false, false])
})

for (const setting of ['ops', 'admin'] as const) {
  test(`a default of ${setting} that is in use is left out with a warning that says what to do`, async (t) => {
    const address = await taken(t)
    const { opened, warnings } = await opening(t, { [setting]: address }, [])
    assert.equal(opened[setting], undefined)
    assert.ok(opened.listen)
    assert.deepEqual(warnings, [
      `${setting}: cannot listen on ${address}: the address is in use; stop what uses it, or choose another (${setting} has its default ${address}; set it, or set it to off)`,
    ])
  })
}

for (const setting of ['listen', 'ops', 'admin'] as const) {
  test(`an address of ${setting} that was asked for and is in use is an error`, async (t) => {
    const address = await taken(t)
    const message = `${setting}: cannot listen on ${address}: the address is in use; stop what uses it, or choose another`
    await assert.rejects(opening(t, { [setting]: address }), { message })
  })
}

test('the default of listen is never left out', async (t) => {
  const address = await taken(t)
  await assert.rejects(opening(t, { listen: address }, []), /^Error: listen: cannot listen on/)
})

test('a unix socket', async (t) => {
  const path = join(folder(t), 'ws.sock')
  const first = await opening(t, { listen: `unix:${path}` })
  assert.equal(first.opened.listen, `unix:${path}`)
  await assert.rejects(opening(t, { listen: `unix:${path}` }), /the address is in use/)
  const client = connect({ path })
  await once(client, 'connect')
  client.destroy()
})

test('a unix socket whose file was left by a process that was killed', async (t) => {
  const path = join(folder(t), 'ws.sock')
  const script = `require('net').createServer().listen('${path}', () => process.kill(process.pid, 'SIGKILL'))`
  await once(spawn(process.execPath, ['-e', script]), 'close')
  assert.ok(existsSync(path))
  assert.equal((await opening(t, { listen: `unix:${path}` })).opened.listen, `unix:${path}`)
})
