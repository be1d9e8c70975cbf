/** What the matrix asks of every backend: an echo that closes with `close CODE REASON`, and says how each connection ended. */
import type { CloseSeen } from '../clients/client.ts'

export interface Backend {
  readonly name: string
  readonly port: number
  /** Whether it pings its client, and says `ponged` when that answered, on the text `ping`. */
  readonly pings: boolean
  /** How the connection with `?name=` ended, as the backend saw it. */
  readonly endOf: (name: string) => Promise<CloseSeen>
  readonly stop: () => Promise<void>
}

/** How a connection ended, with the name its URL gave it. */
export interface NamedEnd extends CloseSeen {
  readonly name: string
}

/** Ends, by name, before or after somebody asks. */
export function createEnds() {
  const ends = new Map<string, CloseSeen>()
  const waiting = new Map<string, (end: CloseSeen) => void>()
  return {
    add: ({ name, code, reason }: NamedEnd) => {
      ends.set(name, { code, reason })
      waiting.get(name)?.({ code, reason })
    },
    endOf: (name: string) => {
      const known = ends.get(name)
      return known ? Promise.resolve(known) : new Promise<CloseSeen>((resolve) => waiting.set(name, resolve))
    },
  }
}
