/** A refusal, and whether it counts. Dry run lives here and nowhere else. */
import type { Mode } from './check.ts'
import type { Reason } from './reasons.ts'
import type { Refusal } from './verdict.ts'

export interface Finding {
  readonly check: string
  readonly reason: Reason
  readonly detail: string
  /** True: enforced. False: a would-be refusal, reported only. */
  readonly counted: boolean
}

/** Weighs a refusal: it counts only where its check is enforced. */
export const weigh = (step: { readonly check: string; readonly mode: Mode }, refusal: Refusal): Finding => ({
  check: step.check,
  reason: refusal.reason,
  detail: refusal.detail ?? '',
  counted: step.mode === 'enforce',
})

/** The refusal that stands for a check that threw: a broken check never admits. */
export const broken = (error: unknown): Refusal => ({
  ok: false,
  reason: 'internal_error',
  detail: error instanceof Error ? `${error.name}: ${error.message}` : 'the check threw',
})
