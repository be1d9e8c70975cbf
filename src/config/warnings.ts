/** What is allowed and probably not meant. */
import { weakSecrets } from '../tokens/keys.ts'
import { overlaps } from './overlaps.ts'
import { isRecord } from './record.ts'
import { routeName } from './route.ts'
import type { Config } from './settings.ts'
import { silenced } from './silenced.ts'

/** Warnings of a configuration that is valid. `written` is the same before it was read. */
export const warningsOf = (config: Config, written: Record<string, unknown>): string[] => [
  ...guessable(config),
  ...ofOneAddress(config),
  ...behindProxies(config),
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

/** Behind a load balancer that is not trusted, everybody's handshakes come from one address (trap 22). */
function behindProxies({ trustedProxies, limits, routes }: Config): string[] {
  if (trustedProxies.length > 0) return []
  const places = [
    ...(isLimited(limits) ? ['limits'] : []),
    ...routes.flatMap((route) => (isLimited(route.limits) ? [`route ${routeName(route)}: limits`] : [])),
  ]
  return places.map(
    (place) =>
      `${place}.handshakes.perIp without trustedProxies: behind a load balancer all clients have its address and share one rate; set trustedProxies if there is one`,
  )
}

const isLimited = ({ handshakes }: Config['limits']) => (handshakes?.perIp ?? []).length > 0

const perIp = (limits: object, place: string): string[] =>
  Object.entries(limits).flatMap(([name, settings]) =>
    isRecord(settings) && [settings.perIp ?? []].flat().length > 0 ? [`${place}.${name}.perIp`] : [],
  )
