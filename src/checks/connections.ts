/** How many connections may be open at once: per address, user, key, and in total. */
import { z } from 'zod'
import type { Taking, Wanted } from '../limits/slots.ts'
import type { Connection } from '../policy/connection.ts'
import type { Seat } from '../policy/seat.ts'
import { andThen } from '../policy/soon.ts'
import { refuse, type Verdict } from '../policy/verdict.ts'
import { count } from '../settings/count.ts'
import { type Assembly, defineCheck, section } from './define.ts'
import { valueSource } from './value.ts'

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
  problems: (settings, { hasToken, params }) => {
    const { perUser, perKey, onExceed } = settings
    if (onExceed === 'evict-oldest' && perUser === undefined) {
      return [{ path: ['onExceed'], message: 'evict-oldest ends connections of the same user: set perUser too' }]
    }
    if (perUser !== undefined && !hasToken) {
      return [{ path: ['perUser'], message: 'the user is named by a token: the route needs a token section' }]
    }
    if (perKey?.key.kind === 'claim' && !hasToken) {
      return [{ path: ['perKey', 'key'], message: 'a claim stands in a token: the route needs a token section' }]
    }
    if (perKey?.key.kind === 'param' && !params.includes(perKey.key.name)) {
      return [{ path: ['perKey', 'key'], message: `the path of the route has no :${perKey.key.name}` }]
    }
    const { perIp, total } = settings
    const isLimited = [perIp, perUser, perKey, total].some((limit) => limit !== undefined)
    return isLimited ? [] : [{ path: [], message: 'limits nothing: give it perIp, perUser, perKey or total' }]
  },
  onHandshake: (settings, assembly) => {
    const slots = slotsOf(settings, assembly)
    return (connection) => takeAll(connection, slots, assembly)
  },
  parted: (settings, assembly) => {
    const slots = slotsOf(settings, assembly)
    const [known, ofToken] = [slots.filter((slot) => !slot.isOfToken), slots.filter((slot) => slot.isOfToken)]
    return {
      before: (connection) => takeAll(connection, known, assembly),
      after: (connection) => takeAll(connection, ofToken, assembly),
    }
  },
})

type Settings = z.output<typeof connections.settings>

function slotsOf({ perIp, perUser, perKey, total, onExceed }: Settings, { scope }: Assembly): Slot[] {
  const asUser = onExceed === 'evict-oldest' ? 'evict' : 'refuse'
  const slots: Omit<Slot, 'prefix'>[] = [
    { name: 'total', max: total, as: 'count', of: () => '', isOfToken: false },
    { name: 'perIp', max: perIp, as: 'count', of: ({ ipKey }) => ipKey, isOfToken: false },
    // Users have seats even where none is ever replaced: a reload may ask for it.
    { name: 'perUser', max: perUser, as: asUser, of: ({ user }) => user, isOfToken: true },
  ]
  if (perKey) {
    const { key, max } = perKey
    slots.push({ name: `perKey ${key.text}`, max, as: 'count', of: key.read, isOfToken: key.kind === 'claim' })
  }
  // Scope and slot name come from the configuration; NUL cannot stand in either.
  return slots.map((slot) => ({ ...slot, prefix: `${scope}\0${slot.name}\0` }))
}

/** One count: under which key a connection falls, undefined where under none. */
interface Slot {
  readonly name: string
  /** What its keys begin with. */
  readonly prefix: string
  readonly max: number | undefined
  readonly as: Wanted['as']
  readonly of: (connection: Connection) => string | undefined
  /** Whether a token says under which key. */
  readonly isOfToken: boolean
}

/** Takes every slot, or none and refuses. Slots without a limit are counted too: a reload may give them one. */
function takeAll(
  connection: Connection,
  slots: readonly Slot[],
  { scope, counts }: Assembly,
): Verdict | Promise<Verdict> {
  const own: Slot[] = []
  const wanted: Wanted[] = []
  for (const slot of slots) {
    const value = slot.of(connection)
    if (value === undefined) continue
    own.push(slot)
    wanted.push({ key: slot.prefix + value, as: slot.as, max: slot.max })
  }
  return andThen(counts.takeAll(wanted), (taking) => verdictOn(taking, own, scope))
}

/** @param slots those that were wanted */
function verdictOn(taking: Taking<Seat>, slots: readonly Slot[], scope: string): Verdict {
  const everywhere = scope === '' ? ' (over all routes)' : ''
  if (!taking.ok) {
    const { name = '', max } = slots[taking.full] ?? {}
    return refuse(
      scope === '' && name === 'total' ? 'overloaded' : 'too_many_connections',
      `${taking.held} open or opening, ${name} allows ${max}${everywhere}`,
    )
  }
  const { held, release, seat } = taking
  return { ok: true, detail: () => `${heldText(slots, held)}${everywhere}`, release, seat }
}

function heldText(slots: readonly Slot[], held: readonly number[]): string {
  const open = slots.flatMap(({ name, max }, index) => (max === undefined ? [] : [`${name} ${held[index]} of ${max}`]))
  return open.length === 0 ? 'counted, not limited' : `${open.join(', ')}, this one included`
}
