/** A storm of clients that are refused and never close: memory and sockets stay bounded (issue 2, item 7; trap 12). */
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { closedPort } from '../support/pass.ts'
import { ON_LOOPBACK, spawnWsluice } from '../support/process.ts'
import { memory, scrape } from '../support/scrape.ts'
import { handshake } from '../support/upgrades.ts'

const ROUNDS = 10
const ROUND = 500
/** MiB by which the last rounds may lie above the first. */
const GROWTH = 40

/** Asks, reads all of the refusal, and stays. */
function refused(port: number, sockets: Socket[], request: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    sockets.push(socket)
    let text = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      text += String(chunk)
    })
    socket.on('error', () => resolve(text))
    socket.on('end', () => resolve(text))
    socket.write(request)
  })
}

const STORMS: [name: string, request: string, answer: RegExp][] = [
  ['refused by policy', `${handshake({ path: '/ws?token=no' })}\r\n\r\n`, /^HTTP\/1\.1 101 [\s\S]*Invalid or expired/],
  ['no valid handshake', `${handshake().replace('Version: 13', 'Version: 8')}\r\n\r\n`, /^HTTP\/1\.1 426 /],
]

for (const [name, request, answer] of STORMS) {
  test(`5,000 clients that never close: ${name}`, { timeout: 60_000 }, async (t) => {
    const upstream = `http://127.0.0.1:${await closedPort()}`
    const env = { ...ON_LOOPBACK, WS_UPSTREAM: upstream, WS_TOKEN_SECRET: 'x'.repeat(32) }
    const wsluice = spawnWsluice(t, [], { env })
    const [port, ops] = [Number((await wsluice.address('listen')).split(':')[1]), await wsluice.address('ops')]
    const sockets: Socket[] = []
    t.after(() => {
      for (const socket of sockets) socket.destroy()
    })
    const descriptors = await scrape(ops, 'process_open_fds')
    const after: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const answers = await Promise.all(Array.from({ length: ROUND }, () => refused(port, sockets, request)))
      for (const text of answers) assert.match(text, answer)
      after.push(await memory(ops))
      const held = (await scrape(ops, 'process_open_fds')) - descriptors
      assert.ok(held <= 1024 + 20, `${held} sockets held after ${(round + 1) * ROUND}`)
    }
    // The first rounds fill the heap and what lingers.
    const [first, last] = [Math.max(...after.slice(0, 4)), Math.min(...after.slice(-3))]
    assert.ok(last - first < GROWTH, after.map(Math.round).join(' '))
    t.diagnostic(`MiB after each round: ${after.map(Math.round).join(' ')}`)
  })
}
