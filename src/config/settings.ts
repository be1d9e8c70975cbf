/** Every setting of the process. A variable is `WS_` and the path in capitals unless `env` says otherwise. */
import { z } from 'zod'
import { parseTrusted } from '../net/cidr.ts'
import { bool } from '../settings/boolean.ts'
import { count } from '../settings/count.ts'
import { duration, MAX_TIMER_MS } from '../settings/duration.ts'
import { list } from '../settings/list.ts'
import { listen, listenOrOff } from '../settings/listen.ts'
import { mode } from '../settings/mode.ts'
import { parsed } from '../settings/parsed.ts'
import { text } from '../settings/text.ts'
import { closeCodes, rejectWith } from './answers.ts'
import { processLimits, routeSchema } from './route.ts'
import { tls } from './tls.ts'
import { upstream } from './upstream.ts'
import { workers } from './workers.ts'

const trustedEntry = () =>
  parsed(text(), (value) => {
    parseTrusted([value])
    return value
  })

/** Headers that say something else, or that no proxy can vouch for. */
const NO_ADDRESS =
  /^(?:host|connection|upgrade|te|trailer|origin|cookie|authorization|content-.*|transfer-encoding|proxy-.*|sec-.*|x-forwarded-(?:proto|host|port)|x-request-id)$/

const headerName = () =>
  parsed(z.string('expected the name of a header'), (value) => {
    const name = value.trim().toLowerCase()
    if (!/^[\w!#$%&'*+.^`|~-]{1,64}$/.test(name)) throw new Error('expected the name of a header')
    if (NO_ADDRESS.test(name)) throw new Error(`${name} names no address: expected a header such as x-forwarded-for`)
    return name
  }).meta({ words: 'name of a header' })

export const configSchema = z.strictObject({
  listen: listen().prefault(':8080').meta({
    doc: 'Where clients connect: `:port` (both address families), `host:port`, `"[v6]:port"`, `unix:/path`.',
    flag: '--listen',
  }),
  upstream: upstream()
    .optional()
    .meta({ doc: 'The backend: http, https, unix:/path; or a list of them.', flag: '--upstream' }),
  ops: listenOrOff()
    .prefault(':9464')
    .meta({ doc: '/healthz, /readyz and /metrics, nothing else; or `off`.', env: 'WS_OPS_LISTEN' }),
  admin: listenOrOff().prefault('127.0.0.1:9465').meta({ doc: 'The admin API; or `off`.', env: 'WS_ADMIN_LISTEN' }),
  adminToken: text().optional().meta({ doc: 'Bearer token of the admin API; required off loopback.', secret: true }),
  mode: mode().prefault('enforce').meta({ doc: '`dry-run`: judge, log and count, refuse nothing.', flag: '--dry-run' }),
  workers: workers().prefault(1).meta({
    doc: 'Processes that serve clients on the one port; limits hold over all of them (docs/limits.md). `auto`: one for each processor, no more than the quota of the control group allows.',
    flag: '--workers',
  }),
  trustedProxies: list(trustedEntry()).prefault([]).meta({
    doc: 'Proxies whose word for the client is taken: CIDRs, or `loopback`, `private`, `linklocal`, `unix`.',
  }),
  forwardedHeader: headerName().prefault('x-forwarded-for').meta({
    doc: 'The header in which they name the client: `x-forwarded-for`, `x-real-ip`, `forwarded` (RFC 7239), or any that holds a list of addresses or one.',
  }),
  proxyProtocol: bool().prefault(false).meta({
    doc: 'Connections of `trustedProxies` must begin with a PROXY header, version 1 or 2; of others none is accepted.',
  }),
  ipv6Prefix: count(1, 128)
    .prefault(64)
    .meta({ doc: 'IPv6 clients are counted by this prefix: leading bits, to 128.' }),
  tls: tls().optional().meta({ doc: 'TLS for `listen`; both files are re-read on change.' }),
  rejectWith: rejectWith().prefault('close').meta({
    doc: '`close`: complete the handshake and close with a code; `http`: a status; `auto`: close for browsers, a status for others.',
  }),
  closeCodes: closeCodes().prefault({}).meta({ doc: 'Close codes and texts by reason.' }),
  limits: processLimits(),
  maxTrackedKeys: count(1, 1_000_000).prefault(10_000).meta({
    doc: 'How many addresses, users and so on each rate remembers exactly; docs/limits.md says what becomes of more.',
    env: 'WS_RATE_LIMIT_MAX_IPS',
  }),
  drain: z
    .strictObject({
      delay: duration({ most: MAX_TIMER_MS })
        .prefault('0s')
        .meta({ doc: 'readyz is 503, upgrades are still admitted.' }),
      timeout: duration({ most: MAX_TIMER_MS })
        .prefault('20s')
        .meta({ doc: 'Connections still open are ended by force.' }),
      jitter: duration({ most: MAX_TIMER_MS })
        .prefault('10s')
        .meta({ doc: 'Closes with 1012 are spread over this time.' }),
    })
    .prefault({})
    .meta({ doc: 'How the process ends on SIGTERM.' }),
  handshakeTimeout: duration({ least: 1, most: MAX_TIMER_MS })
    .prefault('10s')
    .meta({ doc: 'Longest wait for a request head, and for the backend to answer an upgrade.' }),
  logLevel: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .prefault('info')
    .meta({ doc: 'Least level that is logged.' }),
  wire: z.enum(['auto', 'portable', 'fast']).prefault('auto').meta({
    doc: 'How open connections are read and written: `fast` below node:net, `portable` on its public API; `auto`: fast where its self-test passes at the start. TLS is always portable.',
  }),
  watch: bool().prefault(true).meta({ doc: 'Reload when the configuration file, or a file it names, changes.' }),
  routes: z
    .array(routeSchema)
    .min(1, 'expected at least one route')
    .prefault([{ name: 'default', path: '/*' }])
    .meta({ doc: 'First match wins. Default: one route for every path, built from the environment.' }),
})

/** The configuration, validated and ready to use: durations in ms, sizes in bytes, files read. */
export type Config = z.output<typeof configSchema>
export type { RouteConfig } from './route.ts'
