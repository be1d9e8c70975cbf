/** Newer tokens of open connections: which messages carry one, and whose it must be. */
import { z } from 'zod'
import { readJson } from '../messages/json.ts'
import type { HandshakeCheck, MessageCheck } from '../policy/check.ts'
import type { Connection } from '../policy/connection.ts'
import { andThen } from '../policy/soon.ts'
import { pass, refuse, type Verdict } from '../policy/verdict.ts'
import { filledList } from '../settings/list.ts'
import { notice } from '../settings/notice.ts'
import { parsed } from '../settings/parsed.ts'
import { findToken } from '../tokens/find-token.ts'
import { parseJsonPath, valueAt } from '../tokens/json-path.ts'
import type { Assembly, RefreshCheck, SettingProblem } from './define.ts'
import { ambiguous } from './first-message.ts'
import { type TokenRules, tokenJudge } from './token-judge.ts'
import { type MessageSource, messageSource, missing } from './token-sources.ts'

/** A field of a message, and what must stand there. */
interface Constant {
  readonly path: readonly string[]
  readonly equals: string | number | boolean
}

const WHEN = 'expected fields of the message with what stands in them, such as { type: refresh }'

const constants = () =>
  parsed(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]), WHEN), (fields): Constant[] => {
    const all = Object.entries(fields).map(([name, equals]) => ({ path: parseJsonPath(name), equals }))
    if (all.length === 0) throw new Error(WHEN)
    return all
  }).meta({ words: 'values by field' })

export const refreshSection = () =>
  z.strictObject({
    when: constants().meta({
      doc: 'What such a message is known by: fields and their values, all of which must hold.',
    }),
    from: filledList(messageSource()).prefault(['message:token']).meta({ doc: 'Where its token stands.' }),
    reply: notice().optional().meta({
      doc: 'What the client is told when its connection was extended: a text, or an object that is sent as JSON.',
    }),
    onInvalid: z.enum(['close', 'error']).prefault('close').meta({
      doc: "What becomes of the connection where the token is no good, or another user's: `close`: it ends; `error`: it stays as it was, and the client gets `errorMessage`.",
    }),
    errorMessage: notice().optional().meta({ doc: 'With `error`: a text, or an object that is sent as JSON.' }),
  })

type Settings = z.output<ReturnType<typeof refreshSection>>

interface TokenSettings extends TokenRules {
  readonly refresh?: Settings | undefined
}

export function refreshProblems({ refresh: given, closeOnExpiry, expiry }: TokenSettings): SettingProblem[] {
  if (!given) return []
  const { onInvalid, errorMessage } = given
  const at = (name: string, message: string) => [{ path: ['refresh', name], message }]
  if (!closeOnExpiry || expiry === 'ignore') {
    const message = 'there is nothing to extend: open connections do not end with their tokens here'
    return [{ path: ['refresh'], message }]
  }
  if (onInvalid === 'error' && errorMessage === undefined) {
    return at('onInvalid', 'what is the client told? set errorMessage')
  }
  if (onInvalid === 'close' && errorMessage !== undefined) {
    return at('errorMessage', 'nobody is told: set onInvalid to error, or remove it')
  }
  return []
}

/** Undefined where nothing is said of it. */
export function refresh({ refresh: given, ...rules }: TokenSettings, assembly: Assembly): RefreshCheck | undefined {
  if (!given) return undefined
  const { when, from, reply, onInvalid, errorMessage } = given
  const { judge } = tokenJudge(rules, assembly)
  const finds = finding(when, from, LONGEST_ESCAPE * rules.maxLength + BESIDE)
  const judged: HandshakeCheck = (connection) => {
    const shown = findToken(from, connection)
    if (!shown) return missing(from)
    return andThen(judge(shown, connection), (verdict) => ofSameUser(verdict, connection))
  }
  const found = JSON.stringify([when, from, rules.maxLength])
  return { begin: () => finds, finds: found, judge: judged, reply, onInvalid, errorMessage }
}

/** Bounds beside that of its bytes: what is nested deeper is no such message. */
const BOUNDS = { depth: 128, keys: Number.POSITIVE_INFINITY, stringLength: Number.POSITIVE_INFINITY }

/** Bytes of a character in JSON, and of what stands beside the token: a longer message is none, and costs no more than that to find out. */
const LONGEST_ESCAPE = 6
const BESIDE = 4096

const finding =
  (when: readonly Constant[], from: readonly MessageSource[], most: number): MessageCheck =>
  ({ kind, payload, isAscii }) => {
    if (payload.length > most) return pass
    const json = kind === 'text' ? readJson(payload, isAscii, BOUNDS) : 'no text'
    if (typeof json === 'string') return pass
    const { value } = json
    if (!when.every(({ path, equals }) => valueAt(value, path) === equals)) return pass
    const twice = ambiguous(value, from)
    return twice === undefined ? { ok: true, forUs: { value } } : refuse('message_invalid', twice)
  }

/** The one that the connection came with: a token of another would take over his limits and what he may open. */
function ofSameUser(verdict: Verdict, { user }: Connection): Verdict {
  if (!verdict.ok) return verdict
  const { learned } = verdict
  const facts = learned?.token ? { token: learned.token } : {}
  if (user === undefined) return refuse('token_invalid', 'nobody is known whose token it could extend', facts)
  return learned?.user === user ? verdict : refuse('token_invalid', 'the token of another user', facts)
}
