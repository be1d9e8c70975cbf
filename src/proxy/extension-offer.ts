/** The extensions that a client offers, as the backend gets them. */
import { readableOffer, uncompressedOffer, withoutServerContext } from '../frames/extensions.ts'
import type { MessageStep } from '../policy/check.ts'
import type { RoutePolicy } from '../policy/policy.ts'
import { filtered, valuesOf } from './headers.ts'

const NAME = 'Sec-WebSocket-Extensions'

/** The headers with the offer as a route wants it: byte for byte where it wants nothing. A dry run changes nothing. */
export function offered(headers: readonly string[], route: RoutePolicy): readonly string[] {
  const before = valuesOf(headers, NAME.toLowerCase()).join(', ')
  if (before === '') return headers
  const after = wanted(before, route)
  if (after === before) return headers
  const others = filtered(headers, (name) => name !== NAME.toLowerCase())
  return after === '' ? others : [...others, NAME, after]
}

function wanted(offer: string, { compression, refresh, messages, outbound }: RoutePolicy): string {
  let left = offer
  if (compression === 'strip') left = uncompressedOffer(left)
  if ([refresh?.step, messages, outbound].some(isEnforced)) left = readableOffer(left)
  // What vanishes must not be referred to (trap 17).
  return isEnforced(outbound) && outbound?.exceeding.action !== 'close' ? withoutServerContext(left) : left
}

const isEnforced = (step: MessageStep | undefined) => step?.mode === 'enforce'
