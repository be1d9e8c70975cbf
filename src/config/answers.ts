/** `closeCodes` and `rejectWith`: how a refused client is answered. */
import { z } from 'zod'
import { PRESETS, type Preset } from '../policy/answers.ts'
import { REASON_KEYS, type Reason } from '../policy/reasons.ts'
import { count } from '../settings/count.ts'
import { parsed } from '../settings/parsed.ts'
import { text } from '../settings/text.ts'

export const rejectWith = () => z.enum(['close', 'http', 'auto'])

/** Codes an endpoint may send (RFC 6455 section 7.4): never 1004, 1005, 1006, 1015. */
const isSendable = (code: number) =>
  (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999)

const closeCode = () =>
  parsed(count(), (code) => {
    if (!isSendable(code)) throw new Error('expected a close code: 1000-1003, 1007-1014 or 3000-4999')
    return code
  })

const closeText = () =>
  parsed(text(), (value) => {
    if (Buffer.byteLength(value) > 123) throw new Error('expected at most 123 bytes: a close reason has no more')
    return value
  })

const override = () =>
  z
    .strictObject({
      code: closeCode().optional().meta({ doc: 'Close code.' }),
      text: closeText().optional().meta({ doc: 'Close reason.' }),
    })
    .optional()

const overrides = Object.fromEntries(
  REASON_KEYS.map((reason) => [reason, override().meta({ doc: `Answer to \`${reason}\`.` })]),
) as Record<Reason, ReturnType<typeof override>>

/** A preset, and overrides by reason. */
export const closeCodes = () =>
  z.strictObject({
    preset: z
      .enum(Object.keys(PRESETS) as [Preset, ...Preset[]])
      .prefault('seeds')
      .meta({ doc: 'The table to start from: `seeds`, `graphql-ws` or `replyx`.' }),
    ...overrides,
  })
