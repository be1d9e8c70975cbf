/**
 * A process of its own, run with --expose-gc: connections of every kind of ending, and what is left after them.
 * Prints one line of JSON: {@link Report}.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { acceptKey } from '../../src/frames/accept.ts'
import { type Running, start } from '../../src/serve/start.ts'
import { good } from '../support/load.ts'
import { portOf } from '../support/raw.ts'
import { handshake } from '../support/upgrades.ts'
import { bare, bareHead, closing, masked, maskedHead } from '../support/wire-frames.ts'

export interface Report {
  readonly held: Readonly<Record<string, number>>
  /** Active resources by kind, before and after. */
  readonly before: Readonly<Record<string, number>>
  readonly after: Readonly<Record<string, number>>
  readonly grownKiB: number
  /** How often each close code was logged. */
  readonly codes: Readonly<Record<string, number>>
}

const ALL = 1_000
const WARM_UP = 500
const AT_ONCE = 100
/** The first byte of a Close. */
const CLOSE = 0x88

function echo(socket: Socket, accept: string): void {
  socket.write(accept, 'latin1')
  socket.on('data', (chunk) => {
    // The client's Close gets ours, and the end.
    if (chunk.includes(CLOSE)) socket.end(bare(8, closing(1000)), 'latin1')
  })
}

/** What a backend does with an upgrade, by the last part of its path. */
const BACKENDS: Record<string, (socket: Socket, accept: string) => void> = {
  echo,
  // Where a first message is listened for, in a dry run.
  later: echo,
  closes: (socket, accept) => void socket.end(accept + bare(8, closing(3000)), 'latin1'),
  leaves: (socket, accept) => void socket.end(accept, 'latin1'),
  resets: (socket, accept) => void socket.write(accept, 'latin1', () => socket.resetAndDestroy()),
  breaks: (socket, accept) => void socket.write(accept + bare(3, 'x'), 'latin1'),
  cuts: (socket, accept) => void socket.end(`${accept}${bareHead(2, 100)}half`, 'latin1'),
  refuses: (socket) => void socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nno\r\n'),
  lies: (socket) =>
    void socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
  dies: (socket) => void socket.resetAndDestroy(),
  sleeps: () => {},
}

/** What a client does once it was answered; those that do nothing are ended by the other side. */
const CLIENTS: ((socket: Socket) => void)[] = [
  (socket) => void socket.write(masked(8, closing(1000)), 'latin1'),
  (socket) => void socket.end(masked(1, 'bye'), 'latin1'),
  (socket) => reset(socket),
  (socket) => void socket.write(masked(3, 'breach'), 'latin1'),
  (socket) => void socket.write(`${maskedHead(2, 100)}half`, 'latin1', () => reset(socket)),
  (socket) => void socket.write(masked(1, Buffer.of(0xff)), 'latin1'),
  (socket) => void socket.write(masked(1, 'x').repeat(20), 'latin1'),
  // Not even an answer to a ping.
  () => {},
]

/** Node cannot reset a connection that is sending FIN, and leaks its handle where it tries. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}

const server = createServer((socket) => {
  socket.on('error', () => {})
  socket.once('data', (head) => {
    const text = head.toString('latin1')
    const what = /^GET \/(\w+)/.exec(text)?.[1] ?? ''
    const key = /sec-websocket-key: (\S+)/i.exec(text)?.[1] ?? ''
    const accept = `HTTP/1.1 101 -\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`
    BACKENDS[what]?.(socket, accept)
  })
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')

const yaml = `
listen: 127.0.0.1:0
ops: "off"
admin: "off"
watch: false
handshakeTimeout: 300ms
upstream: http://127.0.0.1:${portOf(server)}
limits: { connections: { total: 100000 } }
routes:
  - { path: /first, token: { secret: ${'x'.repeat(32)}, from: ['message:token'], firstMessage: { timeout: 300ms } } }
  - { path: /later, token: { mode: dry-run, secret: ${'x'.repeat(32)}, from: ['message:token'], firstMessage: { timeout: 300ms } }, session: { ping: 100ms, pong: 250ms } }
  - { path: /guarded, token: { secret: ${'x'.repeat(32)} } }
  - path: /*
    limits: { messages: { perConnection: 10/s } }
    session: { idle: 10m, maxAge: 1h, ping: 100ms, pong: 250ms, slowConsumer: { timeout: 1m } }
`
const codes: Record<string, number> = {}
const write = (line: string) => {
  const code = /"event":"(?:closed|decided)".*"code":(\d+)/.exec(line)?.[1]
  if (code !== undefined) codes[code] = (codes[code] ?? 0) + 1
}
const loaded = good({ yaml })
const running: Running = await start({ loaded, load: () => loaded, write, version: '0', nodeVersion: process.version })
const port = Number(running.listeners.listen?.split(':')[1])

/** One connection, from its request to the end of its socket. */
function one(index: number): Promise<void> {
  const names = [...Object.keys(BACKENDS), 'guarded', 'first']
  const what = names[index % names.length] ?? ''
  const act = CLIENTS[Math.floor(index / names.length) % CLIENTS.length]
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const isMalformed = index % 97 === 0
    socket.write(
      `${handshake({ path: `/${what}` }).replace(isMalformed ? 'Version: 13' : '', isMalformed ? 'Version: 8' : '')}\r\n\r\n`,
    )
    socket.on('error', () => {})
    socket.once('data', () => act?.(socket))
    // Those that are closed for sending too much wait, some of them, until the proxy has lost its patience.
    const isPatient = index % 77 === 66 && index > WARM_UP
    socket.on('data', (chunk) => {
      if (chunk.includes(CLOSE) && !isPatient) socket.end()
    })
    if (what === 'sleeps' && index % 3 > 0) setTimeout(() => (index % 3 === 1 ? reset(socket) : socket.destroy()), 20)
    socket.once('close', () => resolve())
  })
}

async function round(count: number): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) await one(next++)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  const end = performance.now() + 15_000
  while (Object.values(running.held()).some((held) => held > 0) && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  // The other ends of the last sockets.
  await new Promise((resolve) => setTimeout(resolve, 100))
}

function resources(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

function heapKiB(): number {
  // --expose-gc is what this process is run with.
  for (let times = 0; times < 4; times++) (globalThis as { gc?: () => void }).gc?.()
  return process.memoryUsage().heapUsed / 1024
}

await round(WARM_UP)
const [heap, before] = [heapKiB(), resources()]
await round(ALL)
const report: Report = { held: { ...running.held() }, before, after: resources(), grownKiB: heapKiB() - heap, codes }
console.log(JSON.stringify(report))
process.exit(0)
