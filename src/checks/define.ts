/** How a check is declared: once, with its settings; everything else is derived from the declaration. */
import { z } from 'zod'
import type { Authorization, AuthorizationSettings } from '../authorization/authorization.ts'
import type { Gate } from '../limits/gate.ts'
import type { Slots } from '../limits/slots.ts'
import type { Tracked } from '../limits/tracked.ts'
import type { Exceeding, FrameCheck, HandshakeCheck, MessageCheck, Parted, StandingCheck } from '../policy/check.ts'
import type { Connection, Fact } from '../policy/connection.ts'
import type { FirstMessage } from '../policy/first-message.ts'
import type { Refresh } from '../policy/policy.ts'
import type { Seat } from '../policy/seat.ts'
import { mode } from '../settings/mode.ts'
import type { Rate } from '../settings/rate.ts'
import type { KeySet } from '../tokens/key-set.ts'
import type { Revocations } from '../tokens/revocations.ts'
import type { TicketedToken } from '../tokens/tickets.ts'

/** What a check is given when a policy is assembled. */
export interface Assembly {
  /** Name of the route; empty for limits over all routes. */
  readonly scope: string
  /** Concurrent connections; outlives a reload. */
  readonly counts: Slots<Seat>
  /** The table of rates by key under a name of this scope, such as `messages.perUser`; outlives a reload that leaves its rates. */
  readonly limiter: (name: string, rates: readonly Rate[]) => Tracked
  /** The same of what is judged at the handshake. */
  readonly gate: (name: string, rates: readonly Rate[]) => Gate
  /** The JWKS at a URL; outlives a reload, so the last good keys do too. */
  readonly keySet: (url: string) => KeySet
  /** An external authorization service. */
  readonly authorization: (settings: AuthorizationSettings) => Authorization
  /** What operators revoke while we run, on all routes. */
  readonly revocations: Revocations
  /** How long after its `exp` any route may still accept a token, ms; undefined: for ever. */
  readonly longestTolerance: number | undefined
  /** What the route says of its tokens; absent where it has none. */
  readonly tokens?: RouteTokens
}

/** What other checks of a route need to know of its tokens. */
export interface RouteTokens {
  /** A query string without token and ticket. */
  readonly withoutToken: (query: string) => string
  /** The payload of a connection's token, base64url as it was signed. */
  readonly payload: (connection: Connection) => string
  /** Redeems a ticket; absent where the route gives none. */
  readonly redeem?: (ticket: string, now: number) => TicketedToken | undefined | Promise<TicketedToken | undefined>
}

/** What a declaration may look at to judge its settings against the rest of the route. */
export interface RouteFacts {
  /** Names in the route's path. */
  readonly params: readonly string[]
  readonly hasToken: boolean
}

/** A problem with settings that are each well formed; the path is within the check's own section. */
export interface SettingProblem {
  readonly path: readonly (string | number)[]
  readonly message: string
}

export interface CheckDefinition<
  Key extends string = string,
  Place extends 'route' | 'limits' = 'route' | 'limits',
  Settings extends z.ZodType = z.ZodType,
> {
  /** The configuration key, which is also the name in logs, metrics and `explain`. */
  readonly key: Key
  /** That name, where a check of another place has the same key. */
  readonly name?: string
  /** Whether the section stands in the route itself or in its `limits`. */
  readonly place: Place
  /** One sentence for the reference. */
  readonly doc: string
  readonly settings: Settings
  /** What of them a candidate limit has, where that is not all but `mode`. */
  readonly candidate?: z.ZodObject
  /** What a route has where it says nothing. */
  readonly fallback?: z.input<Settings>
  /** Assembled even where nothing is set: it counts what a later configuration may limit. */
  readonly always?: boolean
  /** Judged before the request's shape, of which it reads nothing. */
  readonly early?: boolean
  /** The settings are a list, and each entry is a check of its own. */
  readonly many?: boolean
  /** Facts the handshake check cannot do without. */
  readonly needs?: readonly Fact[] | ((settings: z.output<Settings>, assembly: Assembly) => readonly Fact[])
  /** The parts of a request this check reads (`query:token`), which may then stand only once. */
  readonly reads?: (settings: z.output<Settings>, assembly: Assembly) => readonly string[]
  readonly problems?: (settings: z.output<Settings>, route: RouteFacts) => readonly SettingProblem[]
  readonly onHandshake?: (settings: z.output<Settings>, assembly: Assembly) => HandshakeCheck
  /** The handshake check in two, for clients that show their token in their first message; absent: it is judged after that. */
  readonly parted?: (settings: z.output<Settings>, assembly: Assembly) => Parted
  /** How clients are waited for that show their token in their first message; undefined: they are not. */
  readonly onFirstMessage?: (settings: z.output<Settings>, assembly: Assembly) => FirstMessageCheck | undefined
  /** How a newer token of the same user extends an open connection; undefined: it does not. */
  readonly onRefresh?: (settings: z.output<Settings>, assembly: Assembly) => RefreshCheck | undefined
  /** Whether an open connection may stay. */
  readonly standing?: (settings: z.output<Settings>, assembly: Assembly) => StandingCheck
  /** How often the handshake check is asked again of an open connection, ms; undefined: never. */
  readonly recheck?: (settings: z.output<Settings>) => number | undefined
  /** What a refused frame comes to; absent: the connection closes. */
  readonly exceeding?: (settings: z.output<Settings>) => Exceeding
  /** The settings that the state of a connection depends on; absent: all of them. */
  readonly stateOf?: (settings: z.output<Settings>) => unknown
  /** Undefined: these settings judge no frame. */
  readonly onFrame?: (
    settings: z.output<Settings>,
    assembly: Assembly,
  ) => ((connection: Connection) => FrameCheck) | undefined
  /** Judges whole messages of clients; undefined: these settings read none. One check of a route may. */
  readonly onMessage?: (settings: z.output<Settings>, assembly: Assembly) => MessageReader | undefined
  /** The same of the backend's. */
  readonly onOutbound?: (settings: z.output<Settings>, assembly: Assembly) => MessageReader | undefined
}

/** What a check says of first messages; where it stands among the others, assembly knows. */
export interface FirstMessageCheck extends Omit<FirstMessage, 'mode' | 'before' | 'after' | 'place'> {
  readonly place: HandshakeCheck
}

/** What a check says of refreshes. */
export interface RefreshCheck extends Omit<Refresh, 'step' | 'judged'> {
  readonly begin: () => MessageCheck
  /** Differs where `begin` finds other messages: a reload then counts for open connections, too. */
  readonly finds: string
  readonly judge: HandshakeCheck
}

/** How messages are read. */
export interface MessageReader {
  readonly begin: (connection: Connection) => MessageCheck
  /** The longest that is; absent: `limits.messageSize`. */
  readonly maxBytes?: number
}

/** Declares a check; add it to CHECKS in `index.ts` and it has its section, schema, documentation, dry run and labels. */
export const defineCheck = <const Key extends string, const Place extends 'route' | 'limits', S extends z.ZodType>(
  definition: CheckDefinition<Key, Place, S>,
): CheckDefinition<Key, Place, S> => definition

/** The settings of a check that has several: its own keys and `mode`. */
export const section = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject({
    ...shape,
    mode: mode().optional().meta({ doc: 'Judge and report only (`dry-run`), or enforce.' }),
  })
