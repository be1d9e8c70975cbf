/** What is judged in the suite `messages`: messages of about 200 bytes, as clients of a chat send them. */
import { constants, deflateRawSync } from 'node:zlib'
import type { z } from 'zod'
import type { Assembly, CheckDefinition } from '../src/checks/define.ts'
import { messageContent } from '../src/checks/message-content.ts'
import { outbound } from '../src/checks/outbound.ts'
import { Inflater } from '../src/frames/inflate.ts'
import type { Connection } from '../src/policy/connection.ts'
import type { Message } from '../src/policy/message.ts'
import { fileText } from '../src/settings/file.ts'

/** One way to judge messages. */
export interface MessageCase {
  readonly name: string
  /** Judges the message whose turn it is. Throws where it is refused. */
  readonly judge: () => void
  /** Parses the same one with `JSON.parse`, as a backend would have to in any case; absent where nothing is parsed. */
  readonly parse?: () => void
}

const WORDS = 'the quick brown fox jumps over a lazy dog while nobody is looking at what it does all day'.split(' ')

/** Texts of about 200 bytes, different ones. */
const texts = (extra: string): string[] =>
  Array.from({ length: 64 }, (_, index) => {
    const words = Array.from({ length: 18 }, (_, at) => WORDS[(index * 7 + at * (1 + (index % 5))) % WORDS.length])
    const text = `${words.join(' ')}${extra}`
    return JSON.stringify({
      type: index % 4 === 0 ? 'typing' : 'say',
      id: 100_000 + index,
      room: 'general',
      text,
      to: ['ann', 'bob'],
    })
  })

const SCHEMA = {
  type: 'object',
  required: ['type', 'id', 'room'],
  properties: {
    type: { enum: ['say', 'typing'] },
    id: { type: 'integer', minimum: 1 },
    room: { type: 'string', maxLength: 40 },
    text: { type: 'string', maxLength: 2000 },
    to: { type: 'array', maxItems: 20, items: { type: 'string', maxLength: 40 } },
  },
  additionalProperties: false,
}
const PATTERNS = {
  ...SCHEMA,
  properties: { ...SCHEMA.properties, room: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,39}$' } },
}
const schema = (name: string, value: object) => fileText(`/${name}.json`, JSON.stringify(value))

// Message checks ask neither the assembly nor the connection for more than this.
const assembly = { scope: 'bench' } as Assembly
const connection = { claims: { role: 'user' } } as Partial<Connection> as Connection

const messagesOf = (all: readonly string[]): Message[] =>
  all.map((text) => {
    const payload = Buffer.from(text)
    return { kind: 'text', payload, isAscii: payload.every((byte) => byte < 0x80), at: 0 }
  })

type Settings = z.input<typeof messageContent.settings>

/** Of what the client says. */
function content(name: string, written: Settings, all = texts('')): MessageCase {
  const reader = messageContent.onMessage?.(messageContent.settings.parse(written), assembly)
  const next = inTurn(messagesOf(all))
  const parse = () => {
    const { payload } = next()
    JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8'))
  }
  return { ...judged(name, reader, all), parse }
}

type Reader = ReturnType<NonNullable<CheckDefinition['onMessage']>>

function judged(name: string, reader: Reader, all: readonly string[]): MessageCase {
  const check = reader?.begin(connection)
  if (!check) throw new Error(`${name}: nothing judges messages`)
  const next = inTurn(messagesOf(all))
  const judge = () => {
    if (!check(next()).ok) throw new Error(`${name}: a good message is refused`)
  }
  return { name, judge }
}

function inTurn<T>(all: readonly T[]): () => T {
  let turn = 0
  return () => all[turn++ % all.length] as T // Its bound.
}

/** Each as a sender compresses it, with what came before it or alone. */
function inflating(name: string, all: readonly string[], takeover: 'takeover' | 'alone'): MessageCase {
  const window = takeover === 'takeover' ? Buffer.from(all.join('')) : undefined
  const compressed = all.map((text) =>
    deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH, ...(window ? { dictionary: window } : {}) }).subarray(
      0,
      -4,
    ),
  )
  const inflater = new Inflater(takeover)
  if (window) inflater.inflate(deflateRawSync(window, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4), 1 << 20)
  const next = inTurn(compressed)
  const judge = () => {
    if (typeof inflater.inflate(next(), 1 << 20) === 'string') throw new Error(`${name}: a good message is broken`)
  }
  return { name, judge }
}

export function messageCases(): MessageCase[] {
  const all = texts('')
  const byType = { say: schema('say', SCHEMA), typing: schema('typing', SCHEMA) }
  const secrets = {
    deny: ['sk-[A-Za-z0-9]{16,}', '\\b[0-9]{13,16}\\b', '-----BEGIN [A-Z ]+ KEY-----'],
    fields: ['password', 'api_key'],
  }
  return [
    content('read: UTF-8, depth, numbers, no key twice', { maxDepth: 32 }),
    content('the same beyond ASCII', { maxDepth: 32 }, texts(' äöü')),
    content('bounds on depth, keys and strings', { maxDepth: 8, maxKeys: 20, maxStringLength: 500 }),
    content('schema', { schema: schema('all', SCHEMA) }),
    content('schema with a pattern', { schema: schema('patterns', PATTERNS) }),
    content('schemas by type', { schemas: byType }),
    content('schemas by type, rates and a rule for roles', {
      schemas: byType,
      rates: { say: '1000000000/s' },
      allow: [{ types: ['say'], when: { claim: 'role', equals: 'user' } }],
    }),
    judged(
      'outbound: three expressions, two fields',
      outbound.onOutbound?.(outbound.settings.parse(secrets), assembly),
      all,
    ),
    inflating('inflating, with the messages before', all, 'takeover'),
    inflating('inflating, each alone', all, 'alone'),
  ]
}
