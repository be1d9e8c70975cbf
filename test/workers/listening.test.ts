/** Several workers behind each kind of listener. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { WebSocket } from 'ws'
import { folder } from '../support/command-line.ts'
import { childrenOf, startCrew, until } from '../support/crew.ts'
import { lineHeader } from '../support/proxy-header.ts'
import { FIRST, SECOND } from '../support/tls/certificates.ts'
import { handshake } from '../support/upgrades.ts'

test('a unix socket is served by all, and its file is gone with them', async (t) => {
  const path = join(folder(t, {}), 'wsluice.sock')
  const crew = await startCrew(t, { listen: `unix:${path}` })

  const workers = new Set<unknown>()
  await until(async () => {
    const socket = new WebSocket(`ws+unix:${path}:/a`)
    t.after(() => socket.terminate())
    await once(socket, 'open')
    socket.send('in')
    assert.equal(String((await once(socket, 'message'))[0]), 'in')
    for (const { worker } of crew.proxy.events('decided')) workers.add(worker)
    return workers.size === 2 ? true : undefined
  })
  crew.proxy.child.kill('SIGTERM')
  assert.deepEqual(await crew.proxy.exit, { code: 0, signal: null })
  assert.equal(existsSync(path), false)
})

/** What becomes of a client that comes just now. */
const arrive = (port: number) =>
  new Promise<'refused' | 'cut' | 'answered'>((resolve) => {
    const socket = connectTcp(port, '127.0.0.1')
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'cut'))
    socket.on('data', () => resolve('answered')).on('end', () => resolve('cut'))
    socket.on('connect', () => socket.write('GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'))
  })

test('who comes before the workers is refused, as by one process: never accepted and cut', async (t) => {
  // Below those that the system gives to others.
  const port = 20_000 + Math.floor(Math.random() * 12_000)
  const started = startCrew(t, { listen: `127.0.0.1:${port}` })
  const arrivals = new Set<string>()
  await until(async () => {
    arrivals.add(await arrive(port))
    return arrivals.has('answered') || undefined
  })
  await started
  assert.ok(!arrivals.has('cut'), [...arrivals].join(', '))
})

const subject = async (place: string): Promise<unknown> => {
  const socket = connect({ port: Number(place.split(':')[1]), host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const name = socket.getPeerCertificate().subject.CN
  socket.destroy()
  return name
}

test('a new certificate is shown by every worker, and by one that comes later', async (t) => {
  const files = { 'tls.crt': FIRST.cert, 'tls.key': FIRST.key }
  const crew = await startCrew(t, { files, yaml: 'watch: false\ntls: { cert: tls.crt, key: tls.key }' })
  const shown = async () => new Set(await Promise.all(Array.from({ length: 16 }, () => subject(crew.place))))
  assert.equal((await shown()).size, 1)
  writeFileSync(join(crew.folder, 'tls.crt'), SECOND.cert)
  writeFileSync(join(crew.folder, 'tls.key'), SECOND.key)
  crew.proxy.child.kill('SIGHUP')
  await crew.proxy.event('reloaded')
  assert.deepEqual(await shown(), new Set(['second.wsluice.test']))
  const before = crew.pids()
  for (const pid of before) process.kill(pid, 'SIGKILL')
  await until(() => crew.pids().filter((pid) => !before.includes(pid)).length === 2 || undefined)
  await until(async () => ((await fetch(`http://${crew.ops}/readyz`)).status === 200 ? true : undefined))
  assert.deepEqual(await shown(), new Set(['second.wsluice.test']))
})

test('PROXY headers name the clients to every worker', async (t) => {
  const crew = await startCrew(t, { yaml: 'proxyProtocol: true\nroutes: [{ path: /a }]' })
  const workers = new Set<unknown>()
  await until(async () => {
    const socket = connectTcp(Number(crew.place.split(':')[1]), '127.0.0.1')
    t.after(() => socket.destroy())
    socket.write(`${lineHeader('203.0.113.9')}${handshake({ path: '/a' })}\r\n\r\n`)
    assert.match(String((await once(socket, 'data'))[0]), /^HTTP\/1\.1 101 /)
    for (const { worker, ip } of crew.proxy.events('decided')) {
      assert.equal(ip, '203.0.113.9')
      workers.add(worker)
    }
    return workers.size === 2 ? true : undefined
  })
})

test('auto is as many as there are processors, and one of them is this process alone', async (t) => {
  const crew = await startCrew(t, { workers: 'auto' })
  const { workers } = await crew.proxy.event('started')
  assert.equal(childrenOf(crew.proxy.child.pid ?? 0).length, Number(workers ?? 0))
})
