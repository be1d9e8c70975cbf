/** Tokens in first messages, such as the `connection_init` of GraphQL: who may wait with his, and how such a message is read. */
import { z } from 'zod'
import { readJson } from '../messages/json.ts'
import type { Connection } from '../policy/connection.ts'
import type { Said } from '../policy/first-message.ts'
import type { Message } from '../policy/message.ts'
import { andThen } from '../policy/soon.ts'
import { passed, refuse, type Verdict } from '../policy/verdict.ts'
import { count } from '../settings/count.ts'
import { duration } from '../settings/duration.ts'
import { list } from '../settings/list.ts'
import { size } from '../settings/size.ts'
import { text } from '../settings/text.ts'
import { findTicket } from '../tokens/find-ticket.ts'
import { duplicateSource, findToken } from '../tokens/find-token.ts'
import type { TokenSource } from '../tokens/sources.ts'
import type { Assembly, FirstMessageCheck, SettingProblem } from './define.ts'
import { isOfHandshake, isOfMessage, type MessageSource } from './token-sources.ts'

export const firstMessageSection = () =>
  z.strictObject({
    timeout: duration({ least: 100 }).prefault('10s').meta({
      doc: 'How long a client may take for its first message; then it is `token_timeout`.',
    }),
    size: size().prefault('16KiB').meta({ doc: 'The longest first message, at most 1MiB.' }),
    waiters: count(1).prefault(1000).meta({
      doc: 'How many clients of the route may be waited for at once; more are `too_many_connections`.',
    }),
    protocols: list(text()).prefault(['graphql-transport-ws', 'graphql-ws']).meta({
      doc: 'Subprotocols that such clients may speak: the first of these that a client offers is chosen, before the backend is asked. A client that offers others only is `bad_request`; one that offers none gets none.',
    }),
  })

type Settings = z.output<ReturnType<typeof firstMessageSection>>

interface TokenSettings {
  readonly from: readonly TokenSource[]
  readonly firstMessage?: Settings | undefined
}

const LARGEST = 2 ** 20
const RFC_TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

export function firstMessageProblems({ from, firstMessage: given }: TokenSettings): SettingProblem[] {
  if (!given) return []
  const at = (name: string, message: string) => [{ path: ['firstMessage', name], message }]
  if (!from.some(isOfMessage)) {
    const message = 'no token stands in a message: add its place to from, such as message:payload.authorization'
    return [{ path: ['firstMessage'], message }]
  }
  const { protocols } = given
  return [
    ...(given.size > 0 && given.size <= LARGEST ? [] : at('size', 'expected a size from 1 to 1MiB')),
    ...(protocols.every((name) => RFC_TOKEN.test(name)) ? [] : at('protocols', 'a subprotocol has no separators')),
  ]
}

/** How such clients are waited for; undefined where no token stands in a message. */
export function firstMessage(
  { from, firstMessage: given = firstMessageSection().parse({}) }: TokenSettings,
  assembly: Assembly,
): FirstMessageCheck | undefined {
  const inMessage = from.filter(isOfMessage)
  const inHandshake = from.filter(isOfHandshake)
  if (inMessage.length === 0) return undefined
  const protocolOf = ({ protocols }: Connection) => protocols.find((name) => given.protocols.includes(name))
  const isTicket = (connection: Connection) =>
    assembly.tokens?.redeem !== undefined && findTicket(connection) !== undefined
  return {
    timeoutMs: given.timeout,
    maxBytes: given.size,
    isAwaited: (connection) => !isTicket(connection) && !findToken(inHandshake, connection),
    protocolOf,
    place: (connection) => {
      if (connection.protocols.length > 0 && protocolOf(connection) === undefined) {
        return refuse('bad_request', 'none of the subprotocols it offers is in token.firstMessage.protocols')
      }
      return takePlace(given.waiters, assembly)
    },
    read: (message) => read(message, inMessage),
  }
}

function takePlace(max: number, { counts, scope }: Assembly): Verdict | Promise<Verdict> {
  // NUL stands in no name of a route.
  return andThen(counts.takeAll([{ key: `${scope}\0waiters`, max, as: 'count' }]), (taken): Verdict => {
    if (taken.ok) return { ...passed('may speak first: its token is to come in a message'), release: taken.release }
    return refuse('too_many_connections', `${taken.held} clients are waited for, firstMessage.waiters allows ${max}`)
  })
}

/** Bounds beside that of its bytes. */
const BOUNDS = { depth: 128, keys: Number.POSITIVE_INFINITY, stringLength: Number.POSITIVE_INFINITY }

function read({ kind, payload, isAscii }: Message, sources: readonly MessageSource[]): Said {
  if (kind !== 'text') return refuse('kind_not_allowed', 'the first message is no text')
  const json = readJson(payload, isAscii, BOUNDS)
  if (typeof json === 'string') return refuse('message_invalid', `the first message: ${json}`)
  const twice = ambiguous(json.value, sources)
  return twice === undefined ? json : refuse('message_invalid', `the first message: ${twice}`)
}

const NO_REQUEST = { query: '', header: () => [], protocols: [] }

/** What in a message could be read in two ways; undefined: nothing. */
export function ambiguous(message: unknown, sources: readonly MessageSource[]): string | undefined {
  const twice = duplicateSource(sources, { ...NO_REQUEST, message })
  return twice === undefined ? undefined : `${twice.text} stands twice, in another case`
}
