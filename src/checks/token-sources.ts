/** The setting that says where a token may stand. */
import { type Refusal, refuse } from '../policy/verdict.ts'
import { parsed } from '../settings/parsed.ts'
import { text } from '../settings/text.ts'
import { parseTokenSource, TOKEN_KINDS, type TokenSource } from '../tokens/sources.ts'
import { meantKind } from './value.ts'

export type MessageSource = Extract<TokenSource, { kind: 'message' }>

export const isOfMessage = (source: TokenSource): source is MessageSource => source.kind === 'message'

/** Not in a message, which comes later. */
export const isOfHandshake = (source: TokenSource): boolean => source.kind !== 'message'

export const tokenSource = () =>
  parsed(text(), (value) => {
    const meant = meantKind(value.split(':', 1)[0] ?? '', TOKEN_KINDS)
    if (meant !== '') throw new Error(`expected a source${meant}`)
    return parseTokenSource(value)
  })

/** The same, of messages only. */
export const messageSource = () =>
  parsed(text(), (value): MessageSource => {
    const source = value.startsWith('message:') ? parseTokenSource(value) : undefined
    if (!source || !isOfMessage(source)) throw new Error('expected a field of the message, such as message:token')
    return source
  })

/** The refusal of who shows no token in any of these. */
export const missing = (sources: readonly TokenSource[]): Refusal =>
  refuse('token_missing', `no token in ${sources.map((source) => source.text).join(', ')}`)
