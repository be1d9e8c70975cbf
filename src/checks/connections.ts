/** How many connections may be open at once: per address, user, key, and in total. */
import { z } from 'zod'
import type { Counts } from '../limits/counts.ts'
import type { Connection } from '../policy/connection.ts'
import type { Occupant, Seat } from '../policy/seat.ts'
import { refuse, type Verdict } from '../policy/verdict.ts'
import { count } from '../settings/count.ts'
import { type Assembly, defineCheck, section } from './define.ts'
import { valueSource } from './value.ts'

const UNLIMITED = Number.POSITIVE_INFINITY

export const connections = defineCheck({
  key: 'connections',
  place: 'limits',
  doc: 'Connections open at once.',
  settings: section({
    perIp: count(1).optional().meta({ doc: 'Per client address.', env: 'WS_MAX_CONNECTIONS_PER_IP' }),
    perUser: count(1).optional().meta({
      doc: 'Per user of a token; a connection without the user claim counts as itself.',
      env: 'WS_MAX_CONNECTIONS_PER_USER',
    }),
    perKey: section({
      key: valueSource('param', 'claim').meta({
        doc: 'Counted by `param:NAME` of the path or `claim:NAME` of the token.',
      }),
      max: count(1).meta({ doc: 'Connections per value.' }),
    })
      .omit({ mode: true })
      .optional()
      .meta({ doc: 'Per value of a path parameter or claim.' }),
    total: count(1).optional().meta({ doc: 'In total.', env: 'WS_MAX_TOTAL_CONNECTIONS' }),
    onExceed: z.enum(['refuse', 'evict-oldest']).prefault('refuse').meta({
      doc: 'Where `perUser` is full: `refuse` the new connection, or end the oldest of that user (`evict-oldest`).',
    }),
  }),
  always: true,
  problems: ({ perUser, perKey, onExceed }, { hasToken, params }) => {
    if (onExceed === 'evict-oldest' && perUser === undefined) {
      return [{ path: ['onExceed'], message: 'evict-oldest ends connections of the same user: set perUser too' }]
    }
    if (perUser !== undefined && !hasToken) {
      return [{ path: ['perUser'], message: 'the user is named by a token: the route needs a token section' }]
    }
    if (perKey?.key.kind === 'claim' && !hasToken) {
      return [{ path: ['perKey', 'key'], message: 'a claim stands in a token: the route needs a token section' }]
    }
    const isUnknown = perKey?.key.kind === 'param' && !params.includes(perKey.key.name)
    return isUnknown ? [{ path: ['perKey', 'key'], message: `the path of the route has no :${perKey.key.name}` }] : []
  },
  onHandshake: ({ perIp, perUser, perKey, total, onExceed }, assembly) => {
    const counted = countedBy(assembly.counts)
    const seated = onExceed === 'evict-oldest' ? replacing(assembly.counts, perUser) : seatedIn(assembly.counts)
    const slots: Slot[] = [
      { name: 'total', max: total ?? UNLIMITED, of: () => '', ...counted },
      { name: 'perIp', max: perIp ?? UNLIMITED, of: ({ ipKey }) => ipKey, ...counted },
      { name: 'perUser', max: perUser ?? UNLIMITED, of: ({ user }) => user, ...seated },
    ]
    if (perKey) slots.push({ name: `perKey ${perKey.key.text}`, max: perKey.max, of: perKey.key.read, ...counted })
    return (connection) => takeAll(connection, slots, assembly)
  },
})

/** What a connection took of one slot. A seat may also be lost to a newer connection. */
interface Held extends Partial<Seat> {
  readonly leave: () => void
}

/** How a slot is counted. */
interface Counting {
  /** How many hold it under a key. */
  readonly held: (key: string) => number
  /** How many of those leave no room for another. */
  readonly blocking: (key: string) => number
  readonly take: (key: string) => Held
}

/** One count: under which key a connection falls, undefined where under none. */
interface Slot extends Counting {
  readonly name: string
  readonly max: number
  readonly of: (connection: Connection) => string | undefined
}

function countedBy(counts: Counts<Occupant>): Counting {
  const held = (key: string) => counts.open(key)
  const take = (key: string) => {
    counts.take(key)
    return { leave: () => counts.give(key) }
  }
  return { held, blocking: held, take }
}

/** Users have seats even where none is ever replaced: a reload may ask for it. */
function seatedIn({ seats }: Counts<Occupant>): Counting {
  const held = (key: string) => seats.taken(key)
  return { held, blocking: held, take: (key) => seats.take(key, UNLIMITED) }
}

/** Who is open makes room when a newer one opens; who is still being opened cannot. */
function replacing({ seats }: Counts<Occupant>, max = UNLIMITED): Counting {
  return {
    held: (key) => seats.taken(key),
    blocking: (key) => seats.pending(key),
    take: (key) => seats.take(key, max),
  }
}

/** Takes every slot, or none and refuses. Slots without a limit are counted too: a reload may give them one. */
function takeAll(connection: Connection, slots: readonly Slot[], { scope }: Assembly): Verdict {
  const everywhere = scope === '' ? ' (over all routes)' : ''
  const wanted: { readonly slot: Slot; readonly key: string }[] = []
  for (const slot of slots) {
    const value = slot.of(connection)
    if (value === undefined) continue
    // Scope and slot name come from the configuration; NUL cannot stand in either.
    const key = `${scope}\0${slot.name}\0${value}`
    if (slot.blocking(key) >= slot.max) {
      return refuse(
        scope === '' && slot.name === 'total' ? 'overloaded' : 'too_many_connections',
        `${slot.held(key)} open or opening, ${slot.name} allows ${slot.max}${everywhere}`,
      )
    }
    wanted.push({ slot, key })
  }
  const taken = wanted.map(({ slot, key }) => slot.take(key))
  const limited = wanted.filter(({ slot }) => slot.max < UNLIMITED)
  const open = limited.map(({ slot, key }) => `${slot.name} ${slot.held(key)} of ${slot.max}`).join(', ')
  const seat = taken.find(isSeat)
  return {
    ok: true,
    detail: `${open === '' ? 'counted, not limited' : `${open}, this one included`}${everywhere}`,
    release: () => {
      for (const held of taken) held.leave()
    },
    ...(seat ? { seat } : {}),
  }
}

const isSeat = (held: Held): held is Seat => held.open !== undefined
