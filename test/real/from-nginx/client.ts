/** A client of either side, and what it sees in the words of the document. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { setTimeout as after } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { FIRST } from '../../support/tls/certificates.ts'
import type { Side } from './sides.ts'

export interface Going {
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  /** The address of loopback that it connects from. */
  readonly from?: string
  readonly scheme?: 'ws' | 'wss'
}

interface Connecting {
  readonly socket: WebSocket
  /** How it ended, once it has. */
  readonly ended: Promise<string>
  /** The status it was refused with, if it is. */
  readonly status: Promise<string>
}

export interface Visit extends Connecting {
  /** `open` when a message has come back; else how it was refused. */
  readonly seen: string
}

function connect(
  side: Side,
  { path = '/ws/room', headers = {}, from = '127.0.0.1', scheme = 'ws' }: Going,
): Connecting {
  const url = `${scheme}://127.0.0.1:${side.port}${path}`
  const socket = new WebSocket(url, { headers, localAddress: from, perMessageDeflate: false, ca: FIRST.cert })
  const ended = new Promise<string>((resolve) => {
    socket.once('close', (code, reason) => resolve(`${code} ${reason}`.trim()))
  })
  const status = new Promise<string>((resolve) => {
    socket.once('unexpected-response', (_, response: IncomingMessage) => {
      resolve(`HTTP ${response.statusCode}`)
      socket.terminate()
    })
  })
  // What is wrong with it is told by `close`, too.
  socket.on('error', () => {})
  return { socket, ended, status }
}

/** Connects, and says hello where it can. */
export async function visit(side: Side, going: Going = {}): Promise<Visit> {
  const connecting = connect(side, going)
  const { socket, ended, status } = connecting
  const greeted = once(socket, 'open').then(() => say(socket, 'hello'))
  const echoed = greeted.then(
    (echo) => (echo === 'hello' ? 'open' : `open, but ${echo}`),
    () => ended,
  )
  return { ...connecting, seen: await Promise.race([status, echoed, ended]) }
}

/** Connects to a backend that will say nothing. */
export async function visitDeaf(side: Side): Promise<Visit> {
  const connecting = connect(side, { path: '/ws/deaf' })
  await once(connecting.socket, 'open')
  return { ...connecting, seen: 'open' }
}

/** Closes them; resolves when either side has forgotten them. */
export async function leave(visits: readonly Visit[]): Promise<void> {
  for (const { socket } of visits) socket.close()
  await Promise.all(visits.map(({ ended }) => ended))
  // Neither tells when it has: it counts a connection until it has seen the end of the other half.
  await after(100)
}

/** Sends a text and resolves with the next answer. */
export async function say(socket: WebSocket, text: string): Promise<string> {
  const answer = once(socket, 'message')
  socket.send(text)
  const [data] = await answer
  return String(data)
}

/** What a client sees that leaves at once. */
export async function seen(side: Side, going: Going = {}): Promise<string> {
  const { socket, seen } = await visit(side, going)
  socket.terminate()
  return seen
}

/** What it sees that sends a message: `open` when it has come back whole. */
export async function seenSending(side: Side, data: Buffer, going: Going = {}): Promise<string> {
  const { socket, ended } = await visit(side, going)
  const echoed = once(socket, 'message').then(([echo]) => (data.equals(echo) ? 'open' : 'changed'))
  socket.send(data)
  const outcome = await Promise.race([ended, echoed])
  socket.terminate()
  return outcome
}

/** What it sees while it does something for `ms`: how it ended, or `open` when it is answered after that time. */
export async function seenWhile({ socket, ended, seen }: Visit, ms: number, act = () => {}): Promise<string> {
  if (seen !== 'open') return seen
  const often = setInterval(act, 200)
  const stays = after(ms).then(async () => ((await say(socket, 'hello')) === '' ? 'silent' : 'open'))
  stays.catch(() => {})
  const outcome = await Promise.race([ended, stays])
  clearInterval(often)
  socket.terminate()
  return outcome
}

/** What the backend was told, where the client is in: `open, as ann`. */
export async function seenAs(side: Side, going: Going, what: 'user' | 'address'): Promise<string> {
  const { socket, seen } = await visit(side, going)
  if (seen !== 'open') return seen
  const told = await say(socket, what)
  socket.terminate()
  return `open, as ${told === going.from ? 'itself' : told}`
}
