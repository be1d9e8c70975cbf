/** Which sides of a session have their messages read, as its route wants it now. */
import { droppable, takeover } from '../frames/extensions.ts'
import type { Peer } from '../frames/frame.ts'
import type { MessageStep } from '../policy/check.ts'
import type { Finding } from '../policy/finding.ts'
import { MessageInspector } from '../policy/inspect-message.ts'
import type { RoutePolicy } from '../policy/policy.ts'
import type { Direction } from './direction.ts'
import type { MessageMemory } from './message-memory.ts'
import { Reading } from './reading.ts'
import { type Negotiated, type Pair, withoutSockets } from './session-context.ts'

interface Parts {
  /** What the client sends, and what the backend does. */
  readonly up: Direction
  readonly down: Direction
  readonly memory: MessageMemory
  /** Told of every refusal, enforced or not. */
  readonly found: (finding: Finding) => void
}

export class Readings {
  readonly #pair: Negotiated
  readonly #parts: Parts
  /** Most have none. */
  #readings: Map<Peer, Reading> | undefined
  #began: 'first' | 'later' = 'first'

  constructor(pair: Pair, parts: Parts) {
    this.#pair = withoutSockets(pair)
    this.#parts = parts
    this.adopt(pair.permit.route)
    this.#began = 'later'
  }

  /** Takes the route as a reload has made it. */
  adopt({ messages, outbound }: RoutePolicy): void {
    this.#adopt('client', messages)
    this.#adopt('upstream', outbound)
  }

  /** Nothing more is read: what is kept is given back. */
  release(): void {
    for (const reading of this.#readings?.values() ?? []) reading.release()
  }

  #adopt(sender: Peer, step: MessageStep | undefined): void {
    const reading = this.#readings?.get(sender)
    if (reading) return reading.adopt(step)
    if (!step) return
    const made = this.#read(sender, step)
    this.#readings ??= new Map()
    this.#readings.set(sender, made)
    this.#parts[sender === 'client' ? 'up' : 'down'].intake.reading = made
  }

  #read(sender: Peer, step: MessageStep): Reading {
    const { permit, rsv, extensions } = this.#pair
    const { memory, found } = this.#parts
    const inspector = new MessageInspector(permit.connection, step, found, droppable(extensions, sender))
    const payloads = rsv.opaque ? 'unreadable' : takeover(extensions, sender)
    return new Reading({ sender, inspector, memory, payloads, began: this.#began })
  }
}
