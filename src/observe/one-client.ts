/**
 * Notices when most clients look like one (trap 22): a proxy stands in front of us that `trustedProxies` does not name,
 * and every limit per address is a limit of all clients together.
 */
import type { Connection } from '../policy/connection.ts'

const WINDOW_MS = 60_000
/** Of fewer handshakes in a minute a share means nothing. */
const LEAST = 10
/** Addresses that are counted; proxies are few, and a client cannot make up the address of its connection. */
const MAX_SUSPECTS = 64

export class OneClient {
  readonly #looksLikeProxy: (connection: Connection) => boolean
  readonly #said = new Set<string>()
  readonly #suspects = new Map<string, number>()
  #began = Number.NEGATIVE_INFINITY
  #seen = 0
  #address: string | undefined

  /** @param looksLikeProxy whether the address of a connection may be that of a proxy */
  constructor(looksLikeProxy: (connection: Connection) => boolean) {
    this.#looksLikeProxy = looksLikeProxy
  }

  /** Counts a handshake. Returns the address that most handshakes of a minute came from, the first time it is found. */
  see(connection: Connection): string | undefined {
    this.#roll(connection.clock)
    this.#seen++
    if (this.#looksLikeProxy(connection)) this.#suspect(connection.ip)
    const found = this.#address
    if (found === undefined || this.#said.has(found)) return undefined
    this.#said.add(found)
    return found
  }

  /** The address that most clients seem to have; undefined where they differ, or were too few to tell. */
  address(now: number): string | undefined {
    this.#roll(now)
    return this.#address
  }

  #suspect(ip: string): void {
    const count = (this.#suspects.get(ip) ?? 0) + 1
    if (count === 1 && this.#suspects.size === MAX_SUSPECTS) return
    this.#suspects.set(ip, count)
    // Nearly all need not wait for the end of the minute.
    if (this.#seen >= LEAST && count * 10 >= this.#seen * 9) this.#address = ip
  }

  /** A minute with too few handshakes leaves what the one before said. */
  #roll(now: number): void {
    if (now - this.#began < WINDOW_MS) return
    if (this.#seen >= LEAST) this.#address = this.#most()
    this.#began = now
    this.#seen = 0
    this.#suspects.clear()
  }

  #most(): string | undefined {
    for (const [ip, count] of this.#suspects) if (count * 2 > this.#seen) return ip
    return undefined
  }
}
