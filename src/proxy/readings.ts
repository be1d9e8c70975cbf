/** Which sides of a session have their messages read, as its route wants it now; and what the client says to us in them. */
import { droppable, takeover } from '../frames/extensions.ts'
import type { Peer } from '../frames/frame.ts'
import type { Permit } from '../policy/admit.ts'
import type { MessageStep } from '../policy/check.ts'
import type { Connection } from '../policy/connection.ts'
import { MessageInspector } from '../policy/inspect-message.ts'
import type { RoutePolicy } from '../policy/policy.ts'
import type { Direction } from './direction.ts'
import type { MessageMemory } from './message-memory.ts'
import { Reading } from './reading.ts'
import { Refreshing, type RefreshingParts } from './refreshing.ts'
import type { Negotiated } from './session-context.ts'

interface Parts extends Omit<RefreshingParts, 'permit' | 'out'> {
  /** What the client sends, and what the backend does. */
  readonly up: Direction
  readonly down: Direction
  readonly memory: MessageMemory
}

/** Whether a route has any messages read. */
export const isRead = ({ refresh, messages, outbound }: RoutePolicy): boolean =>
  refresh !== undefined || messages !== undefined || outbound !== undefined

/** There are none of a session whose route reads no messages, and never did. */
export class Readings {
  readonly #pair: Negotiated
  readonly #parts: Parts
  /** Most have none. */
  #readings: Map<Peer, Reading> | undefined
  #refreshing: Refreshing | undefined
  #began: 'first' | 'later'

  /** @param began whether they read from the first message on: a reload may turn them on later */
  constructor(pair: Negotiated, route: RoutePolicy, began: 'first' | 'later', parts: Parts) {
    this.#pair = pair
    this.#parts = parts
    this.#began = began
    this.adopt(route)
    this.#began = 'later'
    pair.overhearing?.whenJudged(() => parts.renewed())
  }

  /** Takes the route as a reload has made it. */
  adopt({ refresh, messages, outbound }: RoutePolicy): void {
    if (refresh) this.#refreshing ??= this.#refreshes()
    this.#refreshing?.adopt(refresh)
    this.#adopt('client', [refresh?.step, messages])
    this.#adopt('upstream', [outbound])
  }

  /** What the client sends, before anything becomes of it. */
  overhear(chunk: Uint8Array): void {
    this.#pair.overhearing?.hear(chunk)
  }

  /** Nothing more is read: what is kept is given back. */
  release(): void {
    this.#pair.overhearing?.left()
    this.#refreshing?.stop()
    for (const reading of this.#readings?.values() ?? []) reading.release()
  }

  #refreshes(): Refreshing {
    const { down, ...parts } = this.#parts
    return new Refreshing({ ...parts, permit: this.#pair.permit, out: down.out })
  }

  #adopt(sender: Peer, wanted: readonly (MessageStep | undefined)[]): void {
    const steps = wanted.filter((step) => step !== undefined)
    const reading = this.#readings?.get(sender)
    if (reading) return reading.adopt(steps)
    if (steps.length === 0) return
    const made = this.#read(sender, steps)
    this.#readings ??= new Map()
    this.#readings.set(sender, made)
    this.#parts[sender === 'client' ? 'up' : 'down'].intake.reading = made
  }

  #read(sender: Peer, steps: readonly MessageStep[]): Reading {
    const { permit, rsv, extensions } = this.#pair
    const { memory, found } = this.#parts
    const taken = (value: unknown) => this.#refreshing?.show(value)
    const inspector = new MessageInspector(
      withItsClaims(permit),
      steps,
      { found, taken },
      droppable(extensions, sender),
    )
    const payloads = rsv.opaque ? 'unreadable' : takeover(extensions, sender)
    return new Reading({ sender, inspector, memory, payloads, began: this.#began })
  }
}

/** A connection whose claims are those of its newest token. */
function withItsClaims(permit: Permit): Connection {
  const claims = { get: () => permit.connection.claims, enumerable: true }
  // Object.create is typed any; it has all that its prototype has.
  return Object.create(permit.connection, { claims }) as Connection
}
