/** What clients may say: the kinds of messages, and what JSON they hold. */
import { z } from 'zod'
import { readJson } from '../messages/json.ts'
import { compileSchema, type Validate } from '../messages/schema.ts'
import type { MessageCheck } from '../policy/check.ts'
import type { Connection } from '../policy/connection.ts'
import { pass, refuse, type Verdict } from '../policy/verdict.ts'
import { count } from '../settings/count.ts'
import { type FileText, file } from '../settings/file.ts'
import { filledList } from '../settings/list.ts'
import { notice } from '../settings/notice.ts'
import { parsed } from '../settings/parsed.ts'
import { text } from '../settings/text.ts'
import { defineCheck, type RouteFacts, type SettingProblem, section } from './define.ts'
import { allowing, allowRules, counting, ratesByType, shown, typeOf, unclearType } from './message-types.ts'

/** A schema file, compiled. */
interface Schema extends FileText {
  readonly validate: Validate
}

const schemaFile = () =>
  parsed(file(), ({ path, text: content }): Schema => {
    try {
      return { path, text: content, validate: compileSchema(content) }
    } catch (error) {
      throw new Error(`${path}: ${error instanceof Error ? error.message : 'cannot be compiled'}`)
    }
  }).meta({ file: true, words: 'path of a file' })

const KINDS = ['text', 'binary'] as const

const settings = section({
  kinds: filledList(z.enum(KINDS))
    .prefault([...KINDS])
    .meta({ doc: 'The kinds of messages: `text`, `binary`. Judged from the header of their first frame.' }),
  schema: schemaFile().optional().meta({
    doc: 'JSON Schema 2020-12, a file, re-read on change. Messages of both kinds must be JSON and valid.',
  }),
  schemas: z
    .record(z.string(), schemaFile(), 'expected schema files by type, such as { subscribe: subscribe.json }')
    .refine((all) => Object.keys(all).length > 0, 'expected at least one entry')
    .optional()
    .meta({
      doc: 'The same by the type of a message; a type that is not listed is refused.',
      file: true,
      words: 'paths of files by type',
    }),
  typeField: text().optional().meta({ doc: 'The field that holds the type; `type` unless it is set.' }),
  maxDepth: count(1).optional().meta({
    doc: 'Most objects and lists within each other; 128 where messages are read and nothing is set.',
  }),
  maxKeys: count().optional().meta({ doc: 'Most keys of all objects of a message together.' }),
  maxStringLength: count().optional().meta({ doc: 'Most characters of a string or a key.' }),
  allow: allowRules().optional().meta({ doc: 'Who may send messages of a type; what no rule names is free.' }),
  rates: ratesByType().optional().meta({ doc: 'Rates by type, per connection.' }),
  onInvalid: z.enum(['close', 'drop', 'error']).prefault('close').meta({
    doc: 'What becomes of a message that any of these refuses: `close`: the connection ends; `drop`: it vanishes; `error`: that, and the client gets `errorMessage`.',
  }),
  errorMessage: notice().optional().meta({ doc: 'With `error`: a text, or an object that is sent as JSON.' }),
})

type Settings = z.output<typeof settings>

export const messageContent = defineCheck({
  key: 'messages',
  name: 'messageContent',
  place: 'route',
  doc: 'What clients may say. Where more than `kinds` is set, messages are read: JSON, UTF-8, no key twice in an object.',
  settings,
  problems: (given, facts) => [
    ...errorProblems(given),
    ...emptyProblem(given),
    ...tokenProblem(given, facts),
    ...typeProblems(given),
  ],
  exceeding: ({ onInvalid, errorMessage }) => ({
    action: onInvalid,
    maxDelay: 0,
    notice: noticeOf(onInvalid, errorMessage),
  }),
  stateOf: ({ kinds }) => kinds,
  onFrame: ({ kinds }) => {
    const [only, other] = kinds
    if (only === undefined || (other !== undefined && other !== only)) return undefined
    const opcode = only === 'text' ? 1 : 2
    const verdict = refuse('kind_not_allowed', `only ${only} is allowed`)
    return () => (frame) => (!frame.first || frame.opcode === opcode ? pass : verdict)
  },
  onMessage: (given) => (readsPayloads(given) ? { begin: (connection) => judging(given, connection) } : undefined),
})

/** Settings for which the payload must be read. */
const READING = ['schema', 'schemas', 'maxDepth', 'maxKeys', 'maxStringLength', 'allow', 'rates'] as const

/** Whether messages are read; else their kinds are judged at most. */
export const readsPayloads = (given: Settings) => READING.some((name) => given[name] !== undefined)

const noticeOf = (onInvalid: string, message: string | undefined) => (onInvalid === 'error' ? message : undefined)

function errorProblems({ onInvalid, errorMessage }: Settings): SettingProblem[] {
  if ((onInvalid === 'error') === (errorMessage !== undefined)) return []
  return onInvalid === 'error'
    ? [{ path: ['onInvalid'], message: 'what is the client told? set errorMessage' }]
    : [{ path: ['errorMessage'], message: 'nobody is told: set onInvalid to error, or remove it' }]
}

function emptyProblem(given: Settings): SettingProblem[] {
  const isEvery = KINDS.every((kind) => given.kinds.includes(kind))
  if (readsPayloads(given) || !isEvery) return []
  return [{ path: [], message: `judges nothing: set kinds to one of them, or one of ${READING.join(', ')}` }]
}

const tokenProblem = ({ allow = [] }: Settings, { hasToken }: RouteFacts): SettingProblem[] =>
  allow.length > 0 && !hasToken
    ? [{ path: ['allow'], message: 'a claim stands in a token: the route needs a token section' }]
    : []

/** What no message can be judged by. */
function typeProblems({ schemas, allow, rates, typeField }: Settings): SettingProblem[] {
  if (!schemas && !allow && !rates)
    return typeField === undefined ? [] : [{ path: ['typeField'], message: 'is not read: set schemas, allow or rates' }]
  if (!schemas) return []
  const message = 'names no type of schemas'
  const types = Object.keys(schemas)
  const limited = Object.keys(rates ?? {}).filter((type) => !types.includes(type))
  const named = (allow ?? []).flatMap((rule, index) =>
    rule.types.flatMap(({ matches }, at) => (types.some(matches) ? [] : [['allow', index, 'types', at]])),
  )
  return [...limited.map((type) => ['rates', type]), ...named].map((path) => ({ path, message }))
}

/** The longest message that is read where no limit is set, in bytes (contract section 2). */
export const MESSAGE_SIZE = 1024 * 1024
const DEEPEST = 128
const TYPE = 'type'
const ANY = Number.POSITIVE_INFINITY

function judging(given: Settings, connection: Connection): MessageCheck {
  const { maxDepth = DEEPEST, maxKeys = ANY, maxStringLength = ANY, schema } = given
  const bounds = { depth: maxDepth, keys: maxKeys, stringLength: maxStringLength }
  const judgeType = typeJudge(given, connection)
  return ({ payload, isAscii, at }) => {
    const json = readJson(payload, isAscii, bounds)
    if (typeof json === 'string') return refuse('message_invalid', json)
    const wrong = schema?.validate(json.value, payload.length)
    return wrong === undefined ? judgeType(json.value, payload.length, at) : refuse('message_invalid', wrong)
  }
}

/** Judges what depends on the type; its rate last, for what is refused is not counted. */
function typeJudge({ schemas, allow, rates, typeField = TYPE }: Settings, connection: Connection) {
  if (!schemas && !allow && !rates) return () => pass
  const byType = schemas && new Map(Object.entries(schemas))
  const judgeSender = allowing(allow ?? [], connection)
  const countOf = counting(rates ?? {})
  return (value: unknown, bytes: number, at: number): Verdict => {
    const unclear = unclearType(value, typeField)
    if (unclear !== undefined) return refuse('message_invalid', unclear)
    const type = typeOf(value, typeField)
    const sender = judgeSender(type)
    if (!sender.ok) return sender
    if (type === undefined) return byType ? refuse('message_invalid', `no text in the field ${typeField}`) : pass
    const schema = byType?.get(type)
    if (byType && !schema) return refuse('message_invalid', `type ${shown(type)} is not in schemas`)
    const wrong = schema?.validate(value, bytes)
    return wrong === undefined ? countOf(type, at) : refuse('message_invalid', `type ${shown(type)}: ${wrong}`)
  }
}
