/** How many connections may be open at once: per address, user, key, and in total. */
import type { Connection } from '../policy/connection.ts'
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
  }),
  always: true,
  problems: ({ perUser, perKey }, { hasToken, params }) => {
    if (perUser !== undefined && !hasToken) {
      return [{ path: ['perUser'], message: 'the user is named by a token: the route needs a token section' }]
    }
    if (perKey?.key.kind === 'claim' && !hasToken) {
      return [{ path: ['perKey', 'key'], message: 'a claim stands in a token: the route needs a token section' }]
    }
    const isUnknown = perKey?.key.kind === 'param' && !params.includes(perKey.key.name)
    return isUnknown ? [{ path: ['perKey', 'key'], message: `the path of the route has no :${perKey.key.name}` }] : []
  },
  onHandshake: ({ perIp, perUser, perKey, total }, assembly) => {
    const slots: Slot[] = [
      { name: 'total', max: total ?? UNLIMITED, of: () => '' },
      { name: 'perIp', max: perIp ?? UNLIMITED, of: (connection) => connection.ip },
      { name: 'perUser', max: perUser ?? UNLIMITED, of: (connection) => connection.user },
    ]
    if (perKey) slots.push({ name: `perKey ${perKey.key.text}`, max: perKey.max, of: perKey.key.read })
    return (connection) => takeAll(connection, slots, assembly)
  },
})

/** One count: under which key a connection falls, undefined where under none. */
interface Slot {
  readonly name: string
  readonly max: number
  readonly of: (connection: Connection) => string | undefined
}

/** Takes every slot, or none and refuses. Slots without a limit are counted too: a reload may give them one. */
function takeAll(connection: Connection, slots: readonly Slot[], { scope, counts }: Assembly): Verdict {
  const everywhere = scope === '' ? ' (over all routes)' : ''
  const taken: { readonly slot: Slot; readonly key: string }[] = []
  for (const slot of slots) {
    const value = slot.of(connection)
    if (value === undefined) continue
    // Scope and slot name come from the configuration; NUL cannot stand in either.
    const key = `${scope}\0${slot.name}\0${value}`
    if (counts.open(key) >= slot.max) {
      return refuse(
        scope === '' && slot.name === 'total' ? 'overloaded' : 'too_many_connections',
        `${counts.open(key)} open, ${slot.name} allows ${slot.max}${everywhere}`,
      )
    }
    taken.push({ slot, key })
  }
  for (const { key } of taken) counts.take(key)
  const limited = taken.filter(({ slot }) => slot.max < UNLIMITED)
  const open = limited.map(({ slot, key }) => `${slot.name} ${counts.open(key)} of ${slot.max}`).join(', ')
  return {
    ok: true,
    detail: `${open === '' ? 'counted, not limited' : `${open}, this one included`}${everywhere}`,
    release: () => {
      for (const { key } of taken) counts.give(key)
    },
  }
}
