/** How many handshakes a client address may make. Every one that comes here counts, whatever refuses it later. */
import { passed, type Verdict } from '../policy/verdict.ts'
import { rates } from '../settings/rate.ts'
import { defineCheck, section } from './define.ts'
import { formatRates } from './metering.ts'

export const handshakes = defineCheck({
  key: 'handshakes',
  place: 'limits',
  doc: 'Handshakes, whatever becomes of them.',
  settings: section({
    perIp: rates().optional().meta({ doc: 'Per client address: one rate or several, all of which hold.' }),
  }),
  early: true,
  onHandshake: ({ perIp = [] }, { scope, limiter }) => {
    if (perIp.length === 0) return () => UNLIMITED
    const table = limiter('handshakes.perIp', perIp)
    const allows = `perIp allows ${formatRates(perIp)}${scope === '' ? ' (over all routes)' : ''}`
    return ({ ipKey, clock }): Verdict => {
      if (table.take(ipKey, clock)) return { ok: true, detail: allows, undo: () => table.undo(ipKey) }
      return { ok: false, reason: 'connection_rate', detail: allows, retryAt: table.roomAt(ipKey, clock) }
    }
  },
})

const UNLIMITED = passed('not limited')
