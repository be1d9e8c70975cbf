/** Runs the handshake checks in order and decides. The only place that makes a {@link Permit}. */
import type { Step, StepMode } from './check.ts'
import { type Connection, withoutHandshake } from './connection.ts'
import { type Finding, weigh } from './finding.ts'
import type { FirstMessage } from './first-message.ts'
import type { Policy, RoutePolicy } from './policy.ts'
import type { Newcomer, Occupant } from './seat.ts'
import { andThen, type Soon } from './soon.ts'
import { giveBack, type Heard, type Taken, type Trace, Trial } from './trial.ts'
import { type Refusal, refuse } from './verdict.ts'

export type { Trace } from './trial.ts'

interface Judged<Upstreams> {
  /** With everything the checks learned. */
  readonly connection: Connection
  readonly route: RoutePolicy<Upstreams>
  /** Would-be refusals, and the one that counted, in order. */
  readonly findings: readonly Finding[]
  /** What candidate limits would refuse: nothing follows from it. */
  readonly candidates: readonly Finding[]
  readonly trace: readonly Trace[]
}

export interface Granted<Upstreams> extends Judged<Upstreams> {
  readonly granted: true
  readonly permit: Permit<Upstreams>
  /** In a dry run of the token: what a first message is yet to show. */
  readonly later?: Later<Upstreams>
}

export interface Denied<Upstreams> extends Judged<Upstreams> {
  readonly granted: false
  readonly refusal: Finding
}

export type Admission<Upstreams = unknown> = Granted<Upstreams> | Denied<Upstreams>

/** Nothing speaks against the handshake, but its token is to come in the first message. */
export interface Waiting<Upstreams> extends Judged<Upstreams> {
  readonly granted: 'later'
  readonly later: Later<Upstreams>
}

/** The rest of a judgement. One of its two ends it, once. */
export interface Later<Upstreams> {
  readonly firstMessage: FirstMessage
  /** Judges what the client said. Never rejects. */
  readonly hear: (heard: Heard) => Promise<Admission<Upstreams>>
  /** It said nothing, or nothing that can be judged. */
  readonly refuse: (refusal: Refusal) => Admission<Upstreams>
}

/** The proof that a connection was judged and admitted. Only its type leaves this file, so nothing else can make one. */
class GrantedPermit<Upstreams> {
  #connection: Connection
  readonly route: RoutePolicy<Upstreams>
  readonly #taken: Taken[]
  /** Once it is open. */
  #occupant: Occupant | undefined
  #isOver = false

  constructor(connection: Connection, route: RoutePolicy<Upstreams>, taken: Taken[]) {
    this.#connection = connection
    this.route = route
    // A copy has no room to grow, and it is kept for as long as the connection.
    this.#taken = [...taken]
  }

  get connection(): Connection {
    return this.#connection
  }

  /** The handshake is over: what only it needed, 16 KiB of the client's choice, is not held as long as the connection. */
  shed(): void {
    this.#connection = withoutHandshake(this.#connection)
  }

  /**
   * The connection is open: it takes the place of an older one where its seats are full.
   * @param tell told when a newer one takes its own; only a finding that counts ends it
   */
  opened(tell: (finding: Finding) => void): void {
    this.#occupant = { replaced: (by) => tell(this.#yield(by)) }
    this.#sit(this.#taken, this.#occupant)
  }

  /** Those of its route before those of all routes: who leaves one leaves both. */
  #sit(taken: readonly Taken[], occupant: Occupant): void {
    for (const { check, mode, seat } of taken.toReversed()) {
      for (const older of seat?.open(occupant, { check, mode }) ?? []) older.replaced({ check, mode })
    }
  }

  /** A newer token of the same user stands behind it, or its first: what is known of it from here on. */
  renew(connection: Connection): void {
    this.#connection = connection
  }

  /** What a judgement that ended later has learned and taken. */
  join({ connection, findings, taken }: Pick<Trial, 'connection' | 'findings' | 'taken'>): void {
    const added = taken.splice(0)
    if (this.#isOver) return giveBack(added)
    this.#connection = connection
    this.#taken.push(...added)
    if (this.#occupant) this.#sit(added, this.#occupant)
    if (findings.length > 0) giveBack([...this.#withdraw('dry-run'), ...this.#withdraw('candidate')])
  }

  /** From here on it counts no longer where the newer one took its place, however long it takes to close. */
  #yield(by: Newcomer): Finding {
    const finding = weigh(by, refuse('session_replaced', 'the same user opened a newer connection'))
    if (finding.counted) for (const { seat } of this.#taken) seat?.leave()
    // Nothing ends it in a dry run, as if it were not there: it counts into nothing that is in dry run too.
    else giveBack(this.#withdraw(by.mode))
    return finding
  }

  /** What steps of a mode took: no longer this permit's to give back. */
  #withdraw(mode: StepMode): Taken[] {
    const withdrawn = this.#taken.filter((one) => one.mode === mode)
    this.#taken.splice(0, this.#taken.length, ...this.#taken.filter((one) => one.mode !== mode))
    return withdrawn
  }

  /** Gives back everything the checks took. Safe to call twice. */
  release(): void {
    this.#isOver = true
    giveBack(this.#taken.splice(0))
  }
}

export type Permit<Upstreams = unknown> = GrantedPermit<Upstreams>

/**
 * Judges a connection. The first refusal that counts decides and gives back what earlier checks took; would-be
 * refusals (dry run) are kept and the judgement goes on. Never rejects: a check that throws is `internal_error`.
 */
export async function admit<U>(connection: Connection, policy: Policy<U>): Promise<Admission<U>> {
  const trial = new Trial(connection)
  const refusal = await trial.run(policy.entry)
  const route = routeOf(trial, policy)
  return conclude(trial, route, refusal ?? (await trial.run(route.steps)))
}

/**
 * The same, at once where every check knows at once; of a client that is to show its token in its first message, as far as
 * that can be judged before it.
 */
export function admitOrWait<U>(connection: Connection, policy: Policy<U>): Soon<Admission<U> | Waiting<U>> {
  const trial = new Trial(connection)
  return andThen(trial.run(policy.entry), (refusal) => {
    const route = routeOf(trial, policy)
    const { firstMessage } = route
    if (refusal) return conclude(trial, route, refusal)
    if (firstMessage?.isAwaited(trial.connection)) return wait(trial, route, firstMessage)
    return andThen(trial.run(route.steps), (finding) => conclude(trial, route, finding))
  })
}

const routeOf = <U>({ connection }: Trial, policy: Policy<U>) =>
  policy.routes.get(connection.route ?? '') ?? policy.unmatched

async function wait<U>(
  trial: Trial,
  route: RoutePolicy<U>,
  firstMessage: FirstMessage,
): Promise<Admission<U> | Waiting<U>> {
  const refusal = await trial.run(firstMessage.before)
  if (refusal) return conclude(trial, route, refusal)
  const taken = trial.taken.length
  const found = trial.findings.length
  const noPlace = await trial.run([firstMessage.place])
  const place = trial.taken.splice(taken)
  if (noPlace) return conclude(trial, route, noPlace)
  if (firstMessage.mode === 'enforce') {
    return { ...judgedBy(trial, route), granted: 'later', later: hearing(trial, route, firstMessage, place) }
  }
  const granted = grant(trial, route)
  // Enforced, it would not have come to speak.
  if (trial.findings.length > found) return granted
  return { ...granted, later: hearing(trial, route, firstMessage, place, granted.permit) }
}

/**
 * @param place what it holds while it waits
 * @param permit of a dry run, which does not wait
 */
function hearing<U>(
  trial: Trial,
  route: RoutePolicy<U>,
  firstMessage: FirstMessage,
  place: Taken[],
  permit?: GrantedPermit<U>,
): Later<U> {
  const { mode, after } = firstMessage
  return {
    firstMessage,
    hear: async (heard) => {
      const refusal = await trial.runOn(heard, after)
      // Not before: who is asked about (keys, a service) may take his time, and hears of so many at once at most.
      giveBack(place)
      return conclude(trial, route, refusal, permit)
    },
    refuse: (refusal) => {
      giveBack(place)
      return conclude(trial, route, trial.refuse({ check: 'token', mode }, refusal), permit)
    },
  }
}

const judgedBy = <U>({ connection, findings, candidates, trace }: Trial, route: RoutePolicy<U>): Judged<U> => ({
  connection,
  route,
  findings,
  candidates,
  trace,
})

/** @param permit where it was given before all was judged */
function conclude<U>(
  trial: Trial,
  route: RoutePolicy<U>,
  refusal: Finding | undefined,
  permit?: GrantedPermit<U>,
): Admission<U> {
  if (refusal) {
    giveBack(trial.taken.splice(0))
    return { ...judgedBy(trial, route), granted: false, refusal }
  }
  if (!permit) return grant(trial, route)
  permit.join(trial)
  return { ...judgedBy(trial, route), granted: true, permit }
}

function grant<U>(trial: Trial, route: RoutePolicy<U>): Granted<U> {
  const taken = trial.taken.splice(0)
  const isSpared = trial.findings.length > 0
  // Whoever dry run spared counts into nothing that is in dry run too: the report equals enforcement.
  if (isSpared) giveBack(taken.filter(({ mode }) => mode !== 'enforce'))
  const kept = isSpared ? taken.filter(({ mode }) => mode === 'enforce') : taken
  return { ...judgedBy(trial, route), granted: true, permit: new GrantedPermit(trial.connection, route, kept) }
}

/** What an open connection's newer message comes to: it takes nothing, and gives the facts as they are then. */
export async function judgeAgain(
  connection: Connection,
  heard: Heard,
  steps: readonly Step[],
): Promise<Pick<Trial, 'connection' | 'findings'> & { readonly refusal: Finding | undefined }> {
  const trial = new Trial(connection)
  const refusal = await trial.runOn(heard, steps)
  giveBack(trial.taken)
  return { connection: trial.connection, findings: trial.findings, refusal }
}
