/** How many handshakes a client address may make. Every one that comes here counts, whatever refuses it later. */
import type { Passage } from '../limits/gate.ts'
import { andThen } from '../policy/soon.ts'
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
  problems: ({ perIp = [] }) => (perIp.length > 0 ? [] : [{ path: [], message: 'limits nothing: give it perIp' }]),
  onHandshake: ({ perIp = [] }, { scope, gate }) => {
    if (perIp.length === 0) return () => UNLIMITED
    const perAddress = gate('handshakes.perIp', perIp)
    const allows = `perIp allows ${formatRates(perIp)}${scope === '' ? ' (over all routes)' : ''}`
    const conclude = (passage: Passage): Verdict => {
      if (passage.ok) return { ok: true, detail: allows, undo: passage.undo }
      return { ok: false, reason: 'connection_rate', detail: allows, retryAt: passage.retryAt }
    }
    return ({ ipKey, clock }) => andThen(perAddress.take(ipKey, clock), conclude)
  },
})

const UNLIMITED = passed('not limited')
