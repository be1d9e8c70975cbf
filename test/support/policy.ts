/** A policy assembled from a configuration, as the proxy assembles it, without a proxy. */
import { assemble } from '../../src/assemble.ts'
import type { Config } from '../../src/config/settings.ts'
import { Counts } from '../../src/limits/counts.ts'
import { Limiters } from '../../src/limits/limiters.ts'
import { type Admission, admit } from '../../src/policy/admit.ts'
import type { Connection } from '../../src/policy/connection.ts'
import type { Occupant } from '../../src/policy/seat.ts'
import { Revocations } from '../../src/tokens/revocations.ts'
import { TicketTable } from '../../src/tokens/tickets.ts'
import { type Given, good } from './load.ts'

export interface Assembled {
  readonly admit: (connection: Connection) => Promise<Admission>
  readonly counts: Counts<Occupant>
  readonly limiters: Limiters
  readonly policy: ReturnType<typeof assembleConfig>
}

/** Loads a configuration and assembles it; `counts` and `limiters` are those of an earlier policy after a reload. */
export function assembled(given: Given, counts = new Counts<Occupant>(), limiters = new Limiters()): Assembled {
  const policy = assembleConfig(good(given).config, counts, limiters)
  return { policy, counts, limiters, admit: (connection) => admit(connection, policy) }
}

const assembleConfig = (config: Config, counts: Counts<Occupant>, limiters: Limiters) =>
  assemble(config, {
    counts,
    candidateCounts: new Counts<Occupant>(),
    limiters,
    keySet: () => {
      throw new Error('no key set is fetched in this test')
    },
    authorization: () => {
      throw new Error('no service is asked in this test')
    },
    revocations: new Revocations(),
    tickets: new TicketTable(),
    isDraining: () => false,
    upstreams: (upstreams) => upstreams.map(({ label }) => label),
  })

/** `admitted`, `rejected: reason` or `would reject: reasons`. */
export function outcome(admission: Admission): string {
  if (!admission.granted) return `rejected: ${admission.refusal.reason}`
  const reasons = admission.findings.map(({ reason }) => reason)
  return reasons.length === 0 ? 'admitted' : `would reject: ${reasons.join(', ')}`
}
