/** A refusal, and whether it counts. Dry run lives here and nowhere else. */
import type { Exceeding, StepMode } from './check.ts'
import type { Reason } from './reasons.ts'
import type { Refusal } from './verdict.ts'

/** What becomes of what was refused; `none`: a dry run lets it pass; `candidate`: so does a limit that is only tried. */
export type Action = Exceeding['action'] | 'none' | 'candidate'

export interface Finding {
  readonly check: string
  readonly reason: Reason
  readonly detail: string
  /** True: enforced. False: a would-be refusal, reported only. */
  readonly counted: boolean
  readonly action: Action
  /** When a delayed frame is to be judged again, ms on the monotonic clock. */
  readonly retryAt?: number
  /** A text message for the client: before the Close of this refusal, or in its place. */
  readonly notice?: string
  /** The payload that goes in place of what was refused. */
  readonly instead?: Uint8Array
}

/** What is weighed: a step, and what its enforced refusal does. */
interface Weighed {
  readonly check: string
  readonly mode: StepMode
  readonly action?: Exceeding['action']
  readonly notice?: string | undefined
}

/** Weighs a refusal: it counts only where its check is enforced. */
export function weigh({ check, mode, action = 'close', notice }: Weighed, refusal: Refusal): Finding {
  const { reason, detail = '', instead } = refusal
  const found = { check, reason, detail }
  if (mode !== 'enforce') return { ...found, counted: false, action: mode === 'candidate' ? 'candidate' : 'none' }
  return {
    ...found,
    counted: true,
    action,
    ...(action === 'delay' && refusal.retryAt !== undefined ? { retryAt: refusal.retryAt } : {}),
    ...(action === 'redact' && instead ? { instead } : {}),
    ...((action === 'close' || action === 'error') && notice !== undefined ? { notice } : {}),
  }
}

/** The refusal that stands for a check that threw: a broken check never admits. */
export const broken = (error: unknown): Refusal => ({
  ok: false,
  reason: 'internal_error',
  detail: error instanceof Error ? `${error.name}: ${error.message}` : 'the check threw',
})
