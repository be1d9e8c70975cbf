/** Tells when most clients look like one (trap 22). */
import { compileCidrs } from '../net/cidr.ts'
import type { Observe } from '../observe/events.ts'
import { OneClient } from '../observe/one-client.ts'
import type { Connection } from '../policy/connection.ts'

const isInside = compileCidrs(['loopback', 'private', 'linklocal'])

/** A proxy stands inside and names others; behind an unnamed unix socket everyone is `unix`. */
const looksLikeProxy = ({ ip, unvouched }: Connection) => ip === 'unix' || (unvouched && isInside(ip))

export interface OneClientWatch {
  readonly observe: Observe
  /** The address that most clients seem to have. */
  readonly address: () => string | undefined
}

/** @param clock ms, monotonic @param tell told once of each such address */
export function watchForOneClient(clock: () => number, tell: Observe): OneClientWatch {
  const clients = new OneClient(looksLikeProxy)
  return {
    observe: (event) => {
      if (event.type !== 'decided') return
      const address = clients.see(event.connection)
      if (address !== undefined) tell({ type: 'one_client', address })
    },
    address: () => clients.address(clock()),
  }
}
