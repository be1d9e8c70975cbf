/** Newer tokens of an open connection, judged one at a time: others go on meanwhile, for such a message goes no further. */
import { textFrame } from '../frames/writer.ts'
import type { Observe } from '../observe/events.ts'
import { type Holder, judgeAgain, type Permit } from '../policy/admit.ts'
import type { Connection } from '../policy/connection.ts'
import { type Finding, weigh } from '../policy/finding.ts'
import type { Refresh } from '../policy/policy.ts'
import { refuse } from '../policy/verdict.ts'
import type { Outlet } from './outlet.ts'

export interface RefreshingParts {
  readonly observe: Observe
  readonly permit: Permit
  /** ms since the epoch */
  readonly now: () => number
  /** Toward the client. */
  readonly out: Pick<Outlet, 'say'>
  /** The connection ends with its newest token. */
  readonly renewed: () => void
  /** Told of a refusal that ends nothing. */
  readonly found: (finding: Finding) => void
  /** Told of one that ends the connection where it counts. */
  readonly holder: Holder
}

export class Refreshing {
  readonly #parts: RefreshingParts
  #refresh: Refresh | undefined
  /** Shown while another was judged; of several the last. */
  #next: { readonly value: unknown } | undefined
  #isBusy = false

  constructor(parts: RefreshingParts) {
    this.#parts = parts
  }

  /** Takes what a reload has made of the policy. */
  adopt(refresh: Refresh | undefined): void {
    this.#refresh = refresh
  }

  /** A message, as JSON, that may carry a token. */
  show(value: unknown): void {
    this.#next = { value }
    if (!this.#isBusy) void this.#run()
  }

  /** The session is over. */
  stop(): void {
    this.#refresh = undefined
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    this.#isBusy = true
    for (let next = this.#next; next; next = this.#next) {
      this.#next = undefined
      await this.#judge(next.value)
    }
    this.#isBusy = false
  }

  async #judge(value: unknown): Promise<void> {
    const { permit, now, holder } = this.#parts
    const refresh = this.#refresh
    if (!refresh) return
    if (permit.connection.shed && refresh.judged.length > 1) return this.#refuse(tooLate(refresh), refresh)
    const judged = await judgeAgain(withoutToken(permit.connection), { value, at: now() }, refresh.judged)
    // It ended meanwhile.
    if (!this.#refresh) return
    const { connection, findings, refusal } = judged
    for (const finding of findings) if (finding !== refusal) holder.conclude(finding)
    if (refusal) return this.#refuse(refusal, refresh)
    // Without claims the token was refused, in a dry run.
    if (connection.claims) this.#extend(connection, refresh)
  }

  #extend(connection: Connection, { step, reply }: Refresh): void {
    const { permit, renewed, out, observe } = this.#parts
    permit.renew(connection)
    renewed()
    observe({ type: 'refreshed', connection, route: permit.route.name })
    // A dry run changes nothing the client sees.
    if (reply !== undefined && step.mode === 'enforce') out.say(textFrame(reply, 'client'))
  }

  /** A fault of ours, or of a service, ends nothing: the token that it has is good for as long as it is. */
  #refuse(refusal: Finding, { step, onInvalid, errorMessage }: Refresh): void {
    const { found, holder } = this.#parts
    const staysAsItWas = onInvalid === 'error' || refusal.reason === 'internal_error'
    if (!staysAsItWas) holder.conclude(refusal)
    // What would keep the connection as it was changes nothing in a dry run.
    else if (step.mode !== 'enforce') found({ ...refusal, counted: false, action: 'none' })
    else if (onInvalid === 'error' && errorMessage !== undefined) {
      found({ ...refusal, action: 'error', notice: errorMessage })
    } else found({ ...refusal, action: 'drop' })
  }
}

const tooLate = ({ step }: Refresh): Finding =>
  weigh(
    step,
    refuse('internal_error', 'the refresh is younger than the connection, of which too little is known by now'),
  )

/** Whose it is stays: the newer token must be the same user's. */
function withoutToken(known: Connection): Connection {
  const { token: _, claims: __, expiresAt: ___, payload: ____, handed: _____, ...rest } = known
  return rest
}
