/** What is allowed and probably not meant. */
import { MESSAGE_SIZE, readsPayloads } from '../checks/message-content.ts'
import { weakSecrets } from '../tokens/keys.ts'
import { overlaps } from './overlaps.ts'
import { isRecord } from './record.ts'
import { routeName } from './route.ts'
import type { Config } from './settings.ts'
import { silenced } from './silenced.ts'

/** Warnings of a configuration that is valid. `written` is the same before it was read. */
export const warningsOf = (config: Config, written: Record<string, unknown>): string[] => [
  ...guessable(config),
  ...leftOut(config),
  ...saidTooLate(config),
  ...ofOneAddress(config),
  ...behindProxies(config),
  ...neverFitting(config),
  ...neverWhole(config),
  ...silenced(written),
  ...overlaps(config, written),
]

function guessable({ routes }: Config): string[] {
  return routes.flatMap((route) => {
    const { token } = route
    const secrets = token?.secrets ?? (token?.secret === undefined ? [] : [token.secret])
    if (weakSecrets(secrets) === 0) return []
    return [
      `route ${routeName(route)}: an HMAC secret of less than 32 bytes can be guessed; make one with: openssl rand -base64 48`,
    ]
  })
}

function leftOut({ routes }: Config): string[] {
  return routes.flatMap((route) => {
    const { leftOut: count = 0 } = route.token?.revocations ?? {}
    if (count === 0) return []
    return [
      `route ${routeName(route)}: token.revocations holds ${count} more than are kept: those that end first are left out; take out what is over`,
    ]
  })
}

/** Who is to speak first has his 101 by then. */
function saidTooLate({ routes, rejectWith }: Config): string[] {
  return routes.flatMap((route) => {
    const hasToSpeak = route.token?.from.some(({ kind }) => kind === 'message')
    if (!hasToSpeak || (route.rejectWith ?? rejectWith) === 'close') return []
    return [
      `route ${routeName(route)}: who shows his token in a message is refused with a close code, whatever rejectWith says: his handshake was answered before`,
    ]
  })
}

/** Who connects to a unix socket has no address: without a proxy that is trusted to name it, all clients are one (trap 22). */
function ofOneAddress({ listen, trustedProxies, limits, routes }: Config): string[] {
  if (!('path' in listen) || trustedProxies.includes('unix')) return []
  const places = [
    ...perIp(limits, 'limits'),
    ...routes.flatMap((route) => perIp(route.limits, `route ${routeName(route)}: limits`)),
  ]
  return places.map(
    (place) =>
      `${place} counts all clients as one: listen is a unix socket; put unix into trustedProxies if a proxy names the clients`,
  )
}

/** Behind a load balancer that is not trusted everybody comes from one address (trap 22). */
function behindProxies({ listen, trustedProxies, limits, routes }: Config): string[] {
  if (trustedProxies.length > 0 || 'path' in listen) return []
  const places = [
    { at: '', names: perIp(limits, 'limits') },
    ...routes.map((route) => ({ at: `route ${routeName(route)}: `, names: perIp(route.limits, 'limits') })),
  ]
  return places
    .filter(({ names }) => names.length > 0)
    .map(
      ({ at, names }) =>
        `${at}${names.join(', ')} without trustedProxies: behind a load balancer all clients have its address and are counted as one; set trustedProxies if there is one`,
    )
}

/** A frame is counted at its header, as a whole. */
function neverFitting({ limits, routes }: Config): string[] {
  return routes.flatMap((route) => {
    const rates = [...byteCounts(limits), ...byteCounts(route.limits)]
    const smallest = Math.min(...rates)
    const frame = Math.min(...[limits, route.limits].map(({ frameSize = Number.POSITIVE_INFINITY }) => frameSize))
    if (!Number.isFinite(frame) || frame <= smallest) return []
    return [
      `route ${routeName(route)}: a frame of more than ${smallest} bytes never fits limits.bytes, and frameSize allows ${frame}: raise the rate, or lower frameSize`,
    ]
  })
}

/** Of a message that is read nothing goes out before it is whole. */
function neverWhole({ limits, routes }: Config): string[] {
  return routes.flatMap(({ messages, outbound, ...route }) => {
    const set = [limits.messageSize, route.limits.messageSize].filter((size) => size !== undefined)
    const own = set.length === 0 ? MESSAGE_SIZE : Math.min(...set)
    const most = Math.max(messages && readsPayloads(messages) ? own : 0, outbound?.messageSize ?? 0)
    if (most <= limits.buffered) return []
    return [
      `route ${routeName(route)}: messages of up to ${most} bytes are read, and limits.buffered keeps ${limits.buffered} of all: raise it, or lower messageSize`,
    ]
  })
}

const byteCounts = ({ bytes }: Pick<Config['limits'], 'bytes'>): number[] =>
  [bytes?.perConnection, bytes?.perUser, bytes?.perIp, bytes?.total].flatMap((rates = []) =>
    rates.map(({ count }) => count),
  )

const perIp = (limits: object, place: string): string[] =>
  Object.entries(limits).flatMap(([name, settings]) =>
    isRecord(settings) && [settings.perIp ?? []].flat().length > 0 ? [`${place}.${name}.perIp`] : [],
  )
