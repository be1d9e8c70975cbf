/** How a pod with a native sidecar ends (trap 32): preStop drains while the application serves; SIGTERM, when it is gone, ends at once. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { wsBackend } from '../real/backends/ws.ts'
import { ON_LOOPBACK, runWsluice, spawnWsluice } from '../support/process.ts'
import { manifests } from './helm.ts'

const AT_ONCE_MS = 2000

/** The command of preStop, as the chart renders it, less the program's name. */
function preStop(): string[] {
  const rendered = manifests(readFileSync(join(import.meta.dirname, 'golden/sidecar.yaml'), 'utf8'))
  const [, command = ''] = /"preStop":\{"exec":\{"command":(\[[^\]]+\])/.exec(JSON.stringify(rendered)) ?? []
  // The text of the match is a list of texts.
  const [program, ...args] = JSON.parse(command) as string[]
  assert.equal(program, 'wsluice')
  return args
}

test('preStop closes the sockets with 1012 and returns; SIGTERM then ends it at once', async (t) => {
  const backend = await wsBackend('off')
  t.after(() => backend.stop())
  const env = { ...ON_LOOPBACK, WS_UPSTREAM: `http://127.0.0.1:${backend.port}` }
  const drain = { WS_DRAIN_DELAY: '100ms', WS_DRAIN_JITTER: '200ms', WS_DRAIN_TIMEOUT: '5s' }
  const sidecar = spawnWsluice(t, ['start'], { env: { ...env, ...drain } })
  const socket = new WebSocket(`ws://${await sidecar.address('listen')}/`)
  await once(socket, 'open')
  const closed = once(socket, 'close')
  const admin = { ...env, WS_ADMIN_LISTEN: await sidecar.address('admin') }
  const stopped = await runWsluice(t, preStop(), { env: admin })
  assert.deepEqual([stopped.code, stopped.errors], [0, ''])
  assert.equal((await closed)[0], 1012)
  const begun = performance.now()
  sidecar.child.kill('SIGTERM')
  assert.deepEqual(await sidecar.exit, { code: 0, signal: null })
  assert.ok(performance.now() - begun < AT_ONCE_MS)
})
