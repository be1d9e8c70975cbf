/** What the backend must not say: messages that hold what looks like a secret. */
import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import { compileExpression } from '../messages/expression.ts'
import { secretsOf } from '../messages/secrets.ts'
import { pass, refuse } from '../policy/verdict.ts'
import { filledList } from '../settings/list.ts'
import { parsed } from '../settings/parsed.ts'
import { size } from '../settings/size.ts'
import { text } from '../settings/text.ts'
import { defineCheck, section } from './define.ts'

const expression = () =>
  parsed(z.string('expected a regular expression'), (source) => {
    const compiled = compileExpression(source)
    if (compiled.test('')) throw new Error('matches the empty text, and so every message')
    return compiled
  }).meta({ words: 'regular expression' })

export const outbound = defineCheck({
  key: 'outbound',
  place: 'route',
  doc: 'What the backend must not say. Its messages are read: each goes out when it is whole.',
  settings: section({
    messageSize: size()
      .prefault('1MiB')
      .meta({ doc: 'The longest message that can be read; a longer one is refused.' }),
    deny: z.array(expression()).min(1, 'expected at least one entry').optional().meta({
      doc: 'Regular expressions (RE2: linear time). A message of which any matches a part is refused, as it is written or with the escapes of JSON undone.',
    }),
    fields: filledList(text()).optional().meta({
      doc: 'Names of fields of JSON, whatever their case. A message with a value under one of them is refused.',
    }),
    action: z.enum(['drop', 'redact', 'close']).prefault('drop').meta({
      doc: '`drop`: the message vanishes; `redact`: `[redacted]` stands in the place of what was found, and where it cannot the message vanishes; `close`: the connection ends.',
    }),
  }),
  problems: ({ deny = [], fields = [] }) =>
    deny.length + fields.length > 0 ? [] : [{ path: [], message: 'denies nothing: set deny or fields' }],
  exceeding: ({ action }) => ({ action, maxDelay: 0 }),
  onOutbound: ({ messageSize, deny = [], fields = [], action }) => {
    const { foundIn, redacted } = secretsOf(deny, fields)
    const without = (content: string, encoding: 'utf8' | 'latin1') => {
      const left = action === 'redact' ? redacted(content) : undefined
      return left === undefined ? {} : { instead: Buffer.from(left, encoding) }
    }
    const begin =
      () =>
      ({ payload }: { readonly payload: Uint8Array }) => {
        const encoding = isUtf8(payload) ? 'utf8' : 'latin1'
        const content = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString(encoding)
        const found = foundIn(content)
        return found === undefined ? pass : { ...refuse('outbound_denied', found), ...without(content, encoding) }
      }
    return { begin, maxBytes: messageSize }
  },
})
