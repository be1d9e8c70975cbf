/**
 * A lane in front of node's HTTP server for the one request that most clients of ours send: a plain handshake, alone in the
 * first bytes of its connection. No socket is made for it, and no message. Node's parser reads the head, as strictly as its
 * server does; whatever else comes, or has a form out of the ordinary, goes to that server as if this were not here.
 */
import type { Server } from 'node:http'
import { parseUpgrade, takeAccepted } from './accepted-handle.ts'
import { malformed } from './malformed.ts'
import { RawEnd, type RawEvents } from './raw-end.ts'
import { asksForWebSocket } from './reinject.ts'
import type { UpgradeRequest } from './upgrade-request.ts'
import type { Deadline, Wheel } from './wheel.ts'
import type { Taken } from './wire-handle.ts'

/**
 * One head and nothing behind it: lines that end with CRLF, a name and at once a colon each, values without control bytes.
 * None of the headers that frame a body, or ask for an answer before one.
 */
const PLAIN =
  /^GET \/[!-~]* HTTP\/1\.1\r\n(?:(?!content-length:|transfer-encoding:|expect:|trailer:|te:)[!#$%&'*+\-.^_`|~0-9a-z]+:[\t -~\x80-\xff]*\r\n)+\r\n$/i

export interface LaneSettings {
  /** The longest head, as for the server. */
  readonly maxHeadBytes: number
  /** After which a kept connection is asked whether it is still there, ms. */
  readonly keepAliveMs: number
  /** How long a client may say nothing, ms. */
  readonly timeoutMs: number
  /** ms, what the wheel runs on. */
  readonly clock: () => number
  readonly wheel: Wheel
  readonly onUpgrade: (request: UpgradeRequest, client: RawEnd) => void
}

/** Opens the lane of a server, whenever that listens on TCP. */
export function openFastLane(server: Server, settings: LaneSettings): void {
  const silent = new Set<Arrival>()
  const lane = { ...settings, server, silent }
  server.on('listening', () => takeAccepted(server, (taken) => new Arrival(taken, lane).begin()))
  const endSilent = () => {
    for (const arrival of [...silent]) arrival.end()
  }
  // Their connections are none that it knows of; `close` calls the first.
  const { closeIdleConnections, closeAllConnections } = server
  server.closeIdleConnections = () => {
    closeIdleConnections.call(server)
    endSilent()
  }
  server.closeAllConnections = () => {
    closeAllConnections.call(server)
    endSilent()
  }
}

interface Lane extends LaneSettings {
  readonly server: Server
  /** Connections that have said nothing. */
  readonly silent: Set<Arrival>
}

/** A connection until its first bytes. */
class Arrival implements RawEvents {
  readonly #lane: Lane
  readonly #end: RawEnd
  readonly #deadline: Deadline

  constructor(taken: Taken, lane: Lane) {
    const { clock, wheel, timeoutMs } = lane
    this.#lane = lane
    this.#end = new RawEnd(taken, this)
    this.#deadline = wheel.at(clock() + timeoutMs, () => this.end())
  }

  begin(): void {
    const { silent, keepAliveMs } = this.#lane
    silent.add(this)
    this.#end.tune(keepAliveMs)
    this.#end.resume()
  }

  /** As the server does with one that said nothing: without an answer. */
  end(): void {
    this.#leave()
    this.#end.destroy()
  }

  ended(): void {
    this.end()
  }

  failed(): void {
    this.end()
  }

  read(chunk: Buffer): void {
    this.#leave()
    const { onUpgrade, maxHeadBytes } = this.#lane
    const head = readPlainHead(chunk, maxHeadBytes)
    // Whom nobody can name is served by nobody: it has reset.
    const remoteAddress = head && this.#end.remoteAddress
    if (!head) this.#leaveToServer(chunk)
    else if (remoteAddress === undefined) this.#end.destroy()
    else onUpgrade({ ...head, socket: { remoteAddress } }, this.#end)
  }

  #leave(): void {
    this.#deadline.cancel()
    this.#lane.silent.delete(this)
  }

  #leaveToServer(chunk: Buffer): void {
    const socket = this.#end.toSocket()
    socket.unshift(Buffer.from(chunk))
    this.#lane.server.emit('connection', socket)
  }
}

type PlainHead = Omit<UpgradeRequest, 'socket'>

/** Undefined where bytes are not exactly the head of a plain handshake: node's server says what they are. */
export function readPlainHead(bytes: Buffer, maxHeadBytes: number): PlainHead | undefined {
  if (bytes.length > maxHeadBytes || !PLAIN.test(bytes.toString('latin1'))) return undefined
  const parsed = parseUpgrade(bytes, maxHeadBytes)
  if (parsed?.major !== 1 || parsed.minor !== 1) return undefined
  const { url, rawHeaders } = parsed
  const head = { method: 'GET', url, httpVersion: '1.1', rawHeaders }
  return asksForWebSocket(head) && !malformed(head) ? head : undefined
}
