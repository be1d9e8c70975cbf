/**
 * What a refused client is told: the close code and text, or the HTTP status, of every reason, after presets and
 * overrides (contract section 4).
 */
import { REASON_KEYS, REASONS, type Reason } from './reasons.ts'

/** One reason's answer: a close code with its text (at most 123 bytes), and the status used instead where `rejectWith` asks. */
export interface Answer {
  readonly code: number
  readonly text: string
  readonly http: number
}

export type Answers = Readonly<Record<Reason, Answer>>

/** An override of one reason; what is absent stays as the preset has it. */
export interface AnswerOverride {
  readonly code?: number | undefined
  readonly text?: string | undefined
}

const codes = (code: number, ...reasons: Reason[]) => Object.fromEntries(reasons.map((reason) => [reason, code]))

/** The close codes each preset changes; everything else is the table's own. */
export const PRESETS = {
  seeds: {},
  'graphql-ws': {
    ...codes(4401, 'token_missing', 'token_invalid', 'token_expired', 'token_revoked'),
    ...codes(4403, 'origin_not_allowed', 'origin_missing', 'domain_not_allowed', 'access_denied'),
    ...codes(4408, 'token_timeout'),
    ...codes(4429, 'connection_rate', 'too_many_connections', 'message_rate', 'byte_rate', 'control_rate'),
  },
  replyx: {
    ...codes(4001, 'token_expired'),
    ...codes(4002, 'token_missing', 'token_invalid', 'token_revoked', 'token_timeout'),
    ...codes(4003, 'domain_not_allowed'),
    ...codes(4004, 'route_not_found', 'resource_not_found'),
    ...codes(4008, 'connection_rate', 'too_many_connections', 'message_rate', 'byte_rate', 'control_rate'),
  },
} as const satisfies Record<string, Record<string, number>>

export type Preset = keyof typeof PRESETS

/** The answers of a preset with single reasons overridden. */
export function compileAnswers(
  preset: Preset,
  overrides: Readonly<Partial<Record<Reason, AnswerOverride | undefined>>>,
): Answers {
  const changed: Readonly<Partial<Record<Reason, number>>> = PRESETS[preset]
  const answer = (reason: Reason): Answer => ({
    code: overrides[reason]?.code ?? changed[reason] ?? REASONS[reason].code,
    text: overrides[reason]?.text ?? REASONS[reason].text,
    http: REASONS[reason].http,
  })
  const entries = REASON_KEYS.map((reason) => [reason, answer(reason)])
  // Object.fromEntries forgets the keys; REASON_KEYS holds every one.
  return Object.fromEntries(entries) as unknown as Answers
}
