/** What one check concluded: a pass or a refusal; there is no third value. */
import type { Learned } from './connection.ts'
import type { Reason } from './reasons.ts'
import type { Seat } from './seat.ts'

export interface Pass {
  readonly ok: true
  /** Facts for the checks that follow. */
  readonly learned?: Learned | undefined
  /** Gives back what the check took (a slot); run once, when a later check refuses or the connection ends. */
  readonly release?: () => void
  /** What it holds beside: a place that a newer connection may take over; `release` gives it back too. */
  readonly seat?: Seat | undefined
  /** Takes back what a rate has counted; run at once, and only where an earlier would-be refusal made that void. */
  readonly undo?: () => void
  /** What was looked at, for `wsluice explain`; a function where it is much to say. */
  readonly detail?: string | (() => string)
  /** A message that is for us: it goes no further. What it says, as JSON. */
  readonly forUs?: { readonly value: unknown }
}

export interface Refusal {
  readonly ok: false
  readonly reason: Reason
  /** For operators (log, explain), never for the client. */
  readonly detail?: string
  /** When it would have passed, if nothing else comes; ms on the monotonic clock. Of rates only; may be found out at each question. */
  readonly retryAt?: number
  /** What may go in its place: the payload of a message, of which this is all. */
  readonly instead?: Uint8Array
  /** What was established before the refusal, for the log line. */
  readonly learned?: Learned | undefined
}

export type Verdict = Pass | Refusal

/** What a verdict has to say, for operators. */
export const detailOf = ({ detail = '' }: Verdict): string => (typeof detail === 'string' ? detail : detail())

/** The pass that teaches nothing. One object, so that judging a frame allocates nothing. */
export const pass: Pass = { ok: true }

/** A pass that says what it saw, and perhaps teaches later checks. */
export const passed = (detail: string, learned?: Learned): Pass => ({ ok: true, detail, learned })

/** A refusal: the reason decides what the client sees, the detail is for operators. */
export const refuse = (reason: Reason, detail: string, learned?: Learned): Refusal => ({
  ok: false,
  reason,
  detail,
  learned,
})
