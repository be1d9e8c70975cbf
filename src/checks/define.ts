/** How a check is declared: once, with its settings; everything else is derived from the declaration. */
import { z } from 'zod'
import type { Counts } from '../limits/counts.ts'
import type { Tracked } from '../limits/tracked.ts'
import type { Exceeding, FrameCheck, HandshakeCheck } from '../policy/check.ts'
import type { Connection, Fact } from '../policy/connection.ts'
import type { Occupant } from '../policy/seat.ts'
import { mode } from '../settings/mode.ts'
import type { Rate } from '../settings/rate.ts'
import type { KeySet } from '../tokens/key-set.ts'

/** What a check is given when a policy is assembled. */
export interface Assembly {
  /** Name of the route; empty for limits over all routes. */
  readonly scope: string
  /** Concurrent connections; outlives a reload. */
  readonly counts: Counts<Occupant>
  /** The table of rates by key under a name of this scope, such as `messages.perUser`; outlives a reload that leaves its rates. */
  readonly limiter: (name: string, rates: readonly Rate[]) => Tracked
  /** The JWKS at a URL; outlives a reload, so the last good keys do too. */
  readonly keySet: (url: string) => KeySet
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
  readonly needs?: readonly Fact[]
  /** The parts of a request this check reads (`query:token`), which may then stand only once. */
  readonly reads?: (settings: z.output<Settings>) => readonly string[]
  readonly problems?: (settings: z.output<Settings>, route: RouteFacts) => readonly SettingProblem[]
  readonly onHandshake?: (settings: z.output<Settings>, assembly: Assembly) => HandshakeCheck
  /** What a refused frame comes to; absent: the connection closes. */
  readonly exceeding?: (settings: z.output<Settings>) => Exceeding
  /** The settings that the state of a connection depends on; absent: all of them. */
  readonly stateOf?: (settings: z.output<Settings>) => unknown
  readonly onFrame?: (settings: z.output<Settings>, assembly: Assembly) => (connection: Connection) => FrameCheck
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
