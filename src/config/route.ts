/** One route's settings: its own keys, and a section for every check in CHECKS. */
import { z } from 'zod'
import { CHECKS } from '../checks/index.ts'
import { compilePath } from '../policy/path.ts'
import { bool } from '../settings/boolean.ts'
import { duration } from '../settings/duration.ts'
import { headerName } from '../settings/header-name.ts'
import { mode } from '../settings/mode.ts'
import { parsed } from '../settings/parsed.ts'
import { size } from '../settings/size.ts'
import { text } from '../settings/text.ts'
import { rejectWith } from './answers.ts'
import { upstream } from './upstream.ts'

type Checks = (typeof CHECKS)[number]

/** The sections of all checks that stand in one place; each is absent where neither the file nor a fallback gives it. */
type Sections<Place> = {
  [Check in Extract<Checks, { place: Place }> as Check['key']]: z.ZodOptional<Check['settings']>
}

/**
 * The sections of one place.
 * @param fallbacks `filled`: a route has a check's fallback where it says nothing; `bare`: limits over all routes do not
 */
function sections<Place extends 'route' | 'limits'>(place: Place, fallbacks: 'filled' | 'bare'): Sections<Place> {
  const entries = CHECKS.filter((check) => check.place === place).map((check) => {
    const { settings, fallback } = check as { settings: z.ZodType; fallback?: unknown }
    const filled = fallback !== undefined && fallbacks === 'filled' ? settings.prefault(fallback) : settings.optional()
    return [check.key, filled.meta({ doc: check.doc })]
  })
  // Built from the same table that the type is derived from.
  return Object.fromEntries(entries) as Sections<Place>
}

/** Limits that are tried: the sections of all limits, without what says how they are enforced. */
const candidates = () => {
  const entries = CHECKS.filter(({ place }) => place === 'limits').map((check) => {
    const { candidate, settings } = check as { candidate?: z.ZodType; settings: z.ZodType }
    return [check.key, (candidate ?? withoutMode(settings)).optional().meta({ doc: check.doc })] as const
  })
  return z.strictObject(Object.fromEntries(entries))
}

const withoutMode = (settings: z.ZodType) =>
  settings instanceof z.ZodObject && 'mode' in settings.shape ? settings.omit({ mode: true }) : settings

const limits = (fallbacks: 'filled' | 'bare') =>
  z.strictObject({
    ...sections('limits', fallbacks),
    candidate: candidates().optional().meta({
      doc: 'Limits that are judged beside these, reported as `candidate.<limit>`, and never enforced.',
    }),
    mode: mode().optional().meta({ doc: 'Dry run of every limit of this block.' }),
  })

/** The limits over all routes. */
export const processLimits = () =>
  limits('bare')
    .extend({
      buffered: size().prefault('256MiB').meta({
        doc: 'Bytes kept of unfinished messages that policies read, over all connections of a worker. A connection that needs more is closed as `overloaded`.',
      }),
    })
    .prefault({})
    .meta({ doc: 'Limits over all routes together.' })

const path = () =>
  parsed(text(), (value) => {
    compilePath(value)
    return value
  })

const ticketPath = () =>
  parsed(text(), (value) => {
    if (!/^\/[!$&'()+,\-./0-9;=@A-Z_a-z~]*$/.test(value)) throw new Error('expected one path, such as /ws/ticket')
    return value
  })

export const routeSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'expected a name of letters, digits, ., _ and -, at most 64')
    .refine((name) => name !== 'none', 'expected another name: in logs and metrics none stands for no route')
    .optional()
    .meta({ doc: 'Name in logs and metrics. Default: the path.' }),
  path: path().prefault('/*').meta({ doc: 'Path: `:name` is one segment, a final `*` the rest. First match wins.' }),
  mode: mode().optional().meta({ doc: 'Dry run of the whole route.' }),
  upstream: upstream().optional().meta({ doc: 'Backend of this route; default: the top-level one.' }),
  http: z
    .enum(['pass', 'refuse'])
    .prefault('pass')
    .meta({ doc: 'Ordinary HTTP: passed through, or refused with 426 (closes polling fallbacks).' }),
  rejectWith: rejectWith().optional().meta({ doc: 'As the top-level setting, for this route.' }),
  validateUtf8: bool().prefault(true).meta({ doc: 'Whether uncompressed text from the client must be UTF-8.' }),
  compression: z.enum(['pass', 'strip']).prefault('pass').meta({
    doc: 'Compression of messages (permessage-deflate): `pass`: the backend chooses; `strip`: it is not offered to it.',
  }),
  ...sections('route', 'filled'),
  limits: limits('filled').prefault({}).meta({ doc: 'Limits of this route.' }),
  tickets: z
    .strictObject({
      path: ticketPath().meta({
        doc: 'Where `POST` with `Authorization: Bearer TOKEN` gets a ticket, as JSON: `{ "ticket": …, "expires_in": 30 }`.',
      }),
      ttl: duration({ least: 1000, most: 600_000 })
        .prefault('30s')
        .meta({ doc: 'How long a ticket may wait to be used.' }),
    })
    .optional()
    .meta({
      doc: 'Tickets: a client opens its connection with `query:ticket` or the subprotocol `ticket.TICKET`, once, in place of its token.',
    }),
  headers: z
    .strictObject({
      user: headerName().optional().meta({ doc: 'Header that names the user to the backend, percent-encoded UTF-8.' }),
      claims: headerName().optional().meta({ doc: 'Header with the claims, base64url JSON.' }),
    })
    .prefault({})
    .meta({ doc: 'Identity for the backend; what a client sends under these names is always removed.' }),
})

export type RouteConfig = z.output<typeof routeSchema>

/** The name of a route in logs and metrics: its path where it has none. Takes one that was not read yet, too. */
export const routeName = (route: { readonly name?: unknown; readonly path?: unknown }): string =>
  String(route.name ?? route.path ?? '/*')
