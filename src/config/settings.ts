/** Every setting of the process. A variable is `WS_` and the path in capitals unless `env` says otherwise. */
import { z } from 'zod'
import { parseTrusted } from '../net/cidr.ts'
import { bool } from '../settings/boolean.ts'
import { duration } from '../settings/duration.ts'
import { list } from '../settings/list.ts'
import { listen, listenOrOff } from '../settings/listen.ts'
import { mode } from '../settings/mode.ts'
import { parsed } from '../settings/parsed.ts'
import { text } from '../settings/text.ts'
import { closeCodes, rejectWith } from './answers.ts'
import { processLimits, routeSchema } from './route.ts'
import { tls } from './tls.ts'
import { upstream } from './upstream.ts'

const trustedEntry = () =>
  parsed(text(), (value) => {
    parseTrusted([value])
    return value
  })

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
  trustedProxies: list(trustedEntry()).prefault([]).meta({
    doc: 'Proxies whose X-Forwarded-For is believed: CIDRs, or `loopback`, `private`, `linklocal`, `unix`.',
  }),
  tls: tls().optional().meta({ doc: 'TLS for `listen`; both files are re-read on change.' }),
  rejectWith: rejectWith().prefault('close').meta({
    doc: '`close`: complete the handshake and close with a code; `http`: a status; `auto`: close for browsers, a status for others.',
  }),
  closeCodes: closeCodes().prefault({}).meta({ doc: 'Close codes and texts by reason.' }),
  limits: processLimits(),
  drain: z
    .strictObject({
      delay: duration().prefault('0s').meta({ doc: 'readyz is 503, upgrades are still admitted.' }),
      timeout: duration().prefault('20s').meta({ doc: 'Connections still open are ended by force.' }),
      jitter: duration().prefault('10s').meta({ doc: 'Closes with 1012 are spread over this time.' }),
    })
    .prefault({})
    .meta({ doc: 'How the process ends on SIGTERM.' }),
  handshakeTimeout: duration()
    .prefault('10s')
    .meta({ doc: 'Longest wait for a request head, and for the backend to answer an upgrade.' }),
  logLevel: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .prefault('info')
    .meta({ doc: 'Least level that is logged.' }),
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
