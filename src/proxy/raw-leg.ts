/** A leg on a handle alone, for a backend whose address is known: the rest of a handshake costs less than a socket of node's. */
import { isIP, type Socket } from 'node:net'
import { getSystemErrorName } from 'node:util'
import type { Upstream } from '../net/upstream.ts'
import { KEEP_ALIVE_MS } from './backend-connection.ts'
import type { Leg, LegEvents } from './leg.ts'
import { RawEnd, type RawEvents } from './raw-end.ts'
import { newHandle, type Place } from './wire-handle.ts'

/** Begins to connect; undefined where a socket of node's has to: for TLS, for a name, or where the system refuses at once. */
export function rawLeg(upstream: Upstream, events: LegEvents): Leg | undefined {
  const place = placeOf(upstream)
  const leg = place && new RawLeg(place, events)
  return leg?.connect() ? leg : undefined
}

function placeOf({ protocol, host, port, socketPath }: Upstream): Place | undefined {
  if (protocol !== 'http:') return undefined
  if (socketPath !== undefined) return { path: socketPath }
  const family = isIP(host)
  return family === 4 || family === 6 ? { address: host, family, port } : undefined
}

class RawLeg implements Leg, RawEvents {
  readonly #place: Place
  readonly #events: LegEvents
  readonly #end: RawEnd
  #isConnected = false
  #text = ''

  constructor(place: Place, events: LegEvents) {
    this.#place = place
    this.#events = events
    this.#end = new RawEnd({ handle: newHandle(place), server: undefined }, this)
  }

  /** Whether that began. */
  connect(): boolean {
    const hasBegun = this.#end.connect(this.#place)
    if (!hasBegun) this.#end.destroy()
    return hasBegun
  }

  isConnected(): boolean {
    return this.#isConnected
  }

  /** Once the connection is there, which it never is at once. */
  send(text: string): void {
    this.#text = text
  }

  hand(): RawEnd {
    this.#end.pause()
    return this.#end
  }

  toSocket(): Socket {
    return this.#end.toSocket().on('error', this.#events.failed)
  }

  destroy(): void {
    this.#end.destroy()
  }

  connected(): void {
    this.#isConnected = true
    this.#end.tune(KEEP_ALIVE_MS)
    this.#end.write(this.#text)
    this.#end.resume()
  }

  read(chunk: Buffer): void {
    this.#events.read(chunk)
  }

  ended(): void {
    this.#events.ended()
  }

  failed(status: number, syscall: string): void {
    this.#events.failed(errorOf(status, syscall, this.#place))
  }
}

/** As node words it. */
function errorOf(status: number, syscall: string, place: Place): NodeJS.ErrnoException {
  const code = getSystemErrorName(status)
  const where = 'path' in place ? place.path : `${place.address}:${place.port}`
  const error = new Error(syscall === 'connect' ? `connect ${code} ${where}` : `${syscall} ${code}`)
  return Object.assign(error, { code, syscall })
}
