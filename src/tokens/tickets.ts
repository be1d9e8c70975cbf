import { hash, randomBytes } from 'node:crypto'
import type { Fingerprint } from './fingerprint.ts'

/** What a ticket stands for: a token that was verified when the ticket was made. */
export interface TicketedToken {
  /** Of the token, base64url as it was signed. */
  readonly payload: string
  readonly fingerprint: Fingerprint
}

/** A ticket that is to be made. */
export interface TicketRequest {
  /** The route that it is good for. */
  readonly route: string
  /** Whose it is: nobody has more than a share of the table. */
  readonly owner: string
  readonly token: TicketedToken
  /** ms since the epoch */
  readonly until: number
}

/** Where tickets are kept; with several workers that is one place for all of them. */
export interface Tickets {
  /** Makes one: 256 random bits, base64url. Undefined where its owner has too many that wait to be used. */
  readonly issue: (request: TicketRequest, now: number) => string | undefined | Promise<string | undefined>
  /** What a ticket of a route stands for, once; undefined: it is unknown, used or expired. */
  readonly take: (ticket: string, route: string, now: number) => Found
  /** The same without using it up, for dry runs. */
  readonly look: (ticket: string, route: string, now: number) => Found
}

type Found = TicketedToken | undefined | Promise<TicketedToken | undefined>

const MAX_TICKETS = 10_000
/** Those of one owner that wait to be used. */
const MAX_OF_OWNER = 100
const TICKET = /^[\w-]{43}$/

/** The tickets of one process: at most 10,000 that wait to be used; the oldest goes first. */
export class TicketTable implements Tickets {
  /** By the hash of the ticket, in the order in which they were made. */
  readonly #waiting = new Map<string, TicketRequest>()
  readonly #owned = new Map<string, number>()

  get size(): number {
    return this.#waiting.size
  }

  issue(request: TicketRequest, now: number): string | undefined {
    this.#forgetExpired(now)
    if ((this.#owned.get(ownerOf(request)) ?? 0) >= MAX_OF_OWNER) return undefined
    const ticket = randomBytes(32).toString('base64url')
    this.#waiting.set(keyOf(ticket), request)
    this.#owned.set(ownerOf(request), (this.#owned.get(ownerOf(request)) ?? 0) + 1)
    const [oldest] = this.#waiting.keys()
    if (this.#waiting.size > MAX_TICKETS && oldest !== undefined) this.#forget(oldest)
    return ticket
  }

  take(ticket: string, route: string, now: number): TicketedToken | undefined {
    const found = this.look(ticket, route, now)
    if (found) this.#forget(keyOf(ticket))
    return found
  }

  look(ticket: string, route: string, now: number): TicketedToken | undefined {
    if (!TICKET.test(ticket)) return undefined
    const found = this.#waiting.get(keyOf(ticket))
    return found && found.route === route && found.until > now ? found.token : undefined
  }

  /** One that ends late keeps those behind it for a while: they are looked at before they are used. */
  #forgetExpired(now: number): void {
    for (const [key, { until }] of this.#waiting) {
      if (until > now) return
      this.#forget(key)
    }
  }

  #forget(key: string): void {
    const found = this.#waiting.get(key)
    if (!found || !this.#waiting.delete(key)) return
    const left = (this.#owned.get(ownerOf(found)) ?? 1) - 1
    if (left > 0) this.#owned.set(ownerOf(found), left)
    else this.#owned.delete(ownerOf(found))
  }
}

/** Looked up by its hash: how long that takes tells nothing of another ticket. */
const keyOf = (ticket: string) => hash('sha256', ticket, 'base64')

/** NUL stands in no name of a route. */
const ownerOf = ({ route, owner }: TicketRequest) => `${route}\0${owner}`
