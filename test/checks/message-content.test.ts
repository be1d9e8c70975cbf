import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { z } from 'zod'
import { messageContent } from '../../src/checks/message-content.ts'
import type { MessageCheck } from '../../src/policy/check.ts'
import type { Learned } from '../../src/policy/connection.ts'
import { fileText } from '../../src/settings/file.ts'
import { assembly, conclusion, frameCheck } from '../support/check.ts'
import { connection } from '../support/connection.ts'
import { frame, ping } from '../support/frame.ts'
import { problemsOf } from '../support/load.ts'

type Written = z.input<typeof messageContent.settings>

const schema = (value: unknown) => fileText('/s.json', JSON.stringify(value))

function check(written: Written, learned: Learned = {}): MessageCheck {
  const reader = messageContent.onMessage?.(messageContent.settings.parse(written), assembly())
  assert.ok(reader)
  return reader.begin(connection({ learned }))
}

const said = (text: string | Buffer, at = 0) => {
  const payload = Buffer.from(text)
  return { kind: 'text', payload, isAscii: payload.every((byte) => byte < 0x80), at } as const
}

const NUMBER = { type: 'object', properties: { n: { type: 'number' } } }
const BY_TYPE: Written = { schemas: { a: schema(NUMBER), b: schema(true) } }
const ADMIN: Written = { allow: [{ types: 'admin.*, stop', when: { claim: 'role', equals: 'admin' } }] }
const EITHER: Written = {
  allow: [
    { types: ['x'], when: { claim: 'role', equals: 'admin' } },
    { types: ['*'], when: { claim: 'level', equals: 7 } },
  ],
}

const CASES: [
  name: string,
  written: Written,
  claims: Record<string, unknown>,
  text: string | Buffer,
  expected: string,
][] = [
  ['valid', { schema: schema(NUMBER) }, {}, '{"n":1}', 'pass'],
  ['not valid', { schema: schema(NUMBER) }, {}, '{"n":"1"}', 'message_invalid'],
  ['no JSON', { schema: schema(true) }, {}, 'n', 'message_invalid'],
  ['not UTF-8', { maxKeys: 9 }, {}, Buffer.from([0x22, 0xff, 0x22]), 'message_invalid'],
  ['a key twice', { maxKeys: 9 }, {}, '{"n":1,"n":2}', 'message_invalid'],
  ['too deep', { maxDepth: 2 }, {}, '[[[]]]', 'message_invalid'],
  ['deep enough where nothing is set', { maxKeys: 9 }, {}, '['.repeat(128) + ']'.repeat(128), 'pass'],
  ['too deep where nothing is set', { maxKeys: 9 }, {}, '['.repeat(129) + ']'.repeat(129), 'message_invalid'],
  ['too many keys', { maxKeys: 1 }, {}, '{"a":{"b":1}}', 'message_invalid'],
  ['a string too long', { maxStringLength: 3 }, {}, '["abcd"]', 'message_invalid'],
  ['of a type', BY_TYPE, {}, '{"type":"a","n":1}', 'pass'],
  ['of a type, not valid', BY_TYPE, {}, '{"type":"a","n":"1"}', 'message_invalid'],
  ['of another type', BY_TYPE, {}, '{"type":"b","n":"1"}', 'pass'],
  ['of no known type', BY_TYPE, {}, '{"type":"c"}', 'message_invalid'],
  ['of an inherited type', BY_TYPE, {}, '{"type":"constructor"}', 'message_invalid'],
  ['of type __proto__', BY_TYPE, {}, '{"type":"__proto__"}', 'message_invalid'],
  ['of a type that is no text', BY_TYPE, {}, '{"type":["a"]}', 'message_invalid'],
  ['without a type', BY_TYPE, {}, '{}', 'message_invalid'],
  ['a list has no type', BY_TYPE, {}, '["a"]', 'message_invalid'],
  ['a type in another case too', BY_TYPE, {}, '{"type":"b","Type":"a"}', 'message_invalid'],
  ['a type in another case', ADMIN, {}, '{"TYPE":"admin.stop"}', 'message_invalid'],
  ['a type with a long s', { ...BY_TYPE, typeField: 'msg' }, {}, '{"msg":"b","m\u017fg":"a"}', 'message_invalid'],
  [
    'a type with a Kelvin sign',
    { ...BY_TYPE, typeField: 'kind' },
    {},
    '{"kind":"b","\u212aind":"a"}',
    'message_invalid',
  ],
  ['another field', { ...BY_TYPE, typeField: 'op' }, {}, '{"op":"a","type":"x"}', 'pass'],
  ['both schemas', { ...BY_TYPE, schema: schema({ required: ['id'] }) }, {}, '{"type":"a"}', 'message_invalid'],
  ['who may', ADMIN, { role: 'admin' }, '{"type":"admin.stop"}', 'pass'],
  ['one of his roles', ADMIN, { role: ['user', 'admin'] }, '{"type":"stop"}', 'pass'],
  ['who may not', ADMIN, { role: 'user' }, '{"type":"admin.stop"}', 'message_not_allowed'],
  ['who has no role', ADMIN, {}, '{"type":"stop"}', 'message_not_allowed'],
  ['a role that is an object', ADMIN, { role: { admin: true } }, '{"type":"stop"}', 'message_not_allowed'],
  ['what no rule names', ADMIN, {}, '{"type":"administer"}', 'pass'],
  ['without a type no rule names it', ADMIN, {}, '{}', 'pass'],
  ['a type in a list, which is a key to some', ADMIN, {}, '{"type":["stop"]}', 'message_invalid'],
  ['messages in a list', ADMIN, { role: 'admin' }, '[{"type":"stop"}]', 'message_invalid'],
  ['messages in a list, past rates', { rates: { a: '1/s' } }, {}, '[{"type":"a"}]', 'message_invalid'],
  ['a rule for all names what has no type', EITHER, {}, '{}', 'message_not_allowed'],
  ['a rule for all names what is no object', EITHER, {}, '1', 'message_not_allowed'],
  ['the first of two rules', EITHER, { role: 'admin' }, '{"type":"x"}', 'pass'],
  ['the second, by a number', EITHER, { level: 7 }, '{"type":"x"}', 'pass'],
  ['neither', EITHER, { level: '77' }, '{"type":"x"}', 'message_not_allowed'],
  ['only the second names it', EITHER, { role: 'admin' }, '{"type":"y"}', 'message_not_allowed'],
]

for (const [name, written, claims, text, expected] of CASES) {
  test(name, () => assert.equal(conclusion(check(written, { claims })(said(text))), expected))
}

test('messages of both kinds are read', () => {
  const judge = check({ schema: schema(NUMBER) })
  assert.equal(conclusion(judge({ ...said('{"n":"1"}'), kind: 'binary' })), 'message_invalid')
})

test('where a dry run let in a client without a token, nobody is judged by its claims', () => {
  assert.equal(conclusion(check(ADMIN)(said('{"type":"stop"}'))), 'pass')
})

test('a newer token counts from the next message on', () => {
  const reader = messageContent.onMessage?.(messageContent.settings.parse(ADMIN), assembly())
  const own = { ...connection(), claims: { role: 'user' } }
  const judge = reader?.begin(own)
  assert.ok(judge)
  assert.equal(conclusion(judge(said('{"type":"stop"}'))), 'message_not_allowed')
  own.claims.role = 'admin'
  assert.equal(conclusion(judge(said('{"type":"stop"}'))), 'pass')
  own.claims = { role: 'user' }
  assert.equal(conclusion(judge(said('{"type":"stop"}'))), 'message_not_allowed')
})

test('a number that is another for some readers names nobody', () => {
  const judge = check(
    { allow: [{ types: ['x'], when: { claim: 'id', equals: '9007199254740993' } }] },
    { claims: { id: 2 ** 53 } },
  )
  assert.throws(() => judge(said('{"type":"x"}')), /id/)
})

test('rates by type, of what is not refused otherwise', () => {
  const judge = check({ rates: { a: '2/s' }, schemas: { a: schema(NUMBER), b: schema(true) } })
  const at = (time: number, text: string) => conclusion(judge(said(text, time)))
  assert.deepEqual(
    [
      at(0, '{"type":"a"}'),
      at(1, '{"type":"a","n":""}'),
      at(2, '{"type":"a"}'),
      at(3, '{"type":"a"}'),
      at(4, '{"type":"b"}'),
    ],
    ['pass', 'message_invalid', 'pass', 'message_rate', 'pass'],
  )
  assert.equal(at(1000, '{"type":"a"}'), 'pass')
})

test('each connection has its own rates', () => {
  const reader = messageContent.onMessage?.(messageContent.settings.parse({ rates: { a: '1/s' } }), assembly())
  const checks = [reader?.begin(connection()), reader?.begin(connection())]
  assert.deepEqual(
    checks.map((judge) => judge && conclusion(judge(said('{"type":"a"}')))),
    ['pass', 'pass'],
  )
})

test('kinds are judged at the first frame of a message', () => {
  const onlyText = frameCheck(messageContent, { kinds: ['text'] })
  const onlyBinary = frameCheck(messageContent, { kinds: 'binary' })
  const frames = [frame({ opcode: 1 }), frame({ opcode: 2 }), frame({ opcode: 0, first: false }), ping(0)]
  const judged = (judge: typeof onlyText) => frames.map((one) => conclusion(judge(one)))
  assert.deepEqual(judged(onlyText), ['pass', 'kind_not_allowed', 'pass', 'pass'])
  assert.deepEqual(judged(onlyBinary), ['kind_not_allowed', 'pass', 'pass', 'pass'])
})

test('nothing is read for kinds alone, and no frame is judged for both', () => {
  const settings = messageContent.settings.parse({ kinds: ['text'] })
  assert.equal(messageContent.onMessage?.(settings, assembly()), undefined)
  assert.equal(messageContent.onFrame?.(messageContent.settings.parse({ maxKeys: 1 }), assembly()), undefined)
})

const PROBLEMS: [section: string, expected: RegExp][] = [
  ['{}', /messages: judges nothing: set kinds/],
  ['{ kinds: [] }', /messages\.kinds: expected at least one entry/],
  ['{ kinds: [txt] }', /messages\.kinds\[0\]: expected text or binary, got "txt", did you mean "text"\?/],
  ['{ maxKeys: 1, onInvalid: error }', /messages\.onInvalid: what is the client told\? set errorMessage/],
  ['{ maxKeys: 1, errorMessage: no }', /messages\.errorMessage: nobody is told/],
  ['{ allow: [{ types: [a], when: { claim: r, equals: x } }] }', /messages\.allow: a claim stands in a token/],
  [
    '{ allow: [{ types: ["a*b"], when: { claim: r, equals: x } }] }',
    /allow\[0\]\.types\[0\]: expected a type, or the beginning/,
  ],
  ['{ rates: { a: often } }', /messages\.rates\.a\[0\]: expected a rate/],
  ['{ maxKeys: 1, typeField: op }', /messages\.typeField: is not read: set schemas, allow or rates/],
  ['{ schemas: {} }', /messages\.schemas: expected at least one entry/],
  ['{ allow: [] }', /messages\.allow: expected at least one entry/],
  ['{ rates: {} }', /messages\.rates: expected at least one entry/],
  ['{ schemas: { a: good.json }, rates: { b: 1/s } }', /messages\.rates\.b: names no type of schemas/],
  [
    '{ schemas: { a: good.json }, allow: [{ types: [a, "b*"], when: { claim: r, equals: x } }] }',
    /messages\.allow\[0\]\.types\[1\]: names no type of schemas/,
  ],
  ['{ schema: bad.json }', /messages\.schema: \/etc\/wsluice\/bad\.json: is not JSON/],
  ['{ schema: missing.json }', /messages\.schema: \/etc\/wsluice\/missing\.json: no such file/],
  ['{ schemas: { a: good.json, b: bad.json, c: missing.json } }', /messages\.schemas\.b: .*bad\.json: is not JSON/],
  [
    '{ schemas: { a: good.json, b: bad.json, c: missing.json } }',
    /messages\.schemas\.c: .*missing\.json: no such file/,
  ],
  ['{ schemas: [good.json] }', /messages\.schemas: expected/],
  ['{ schema: { type: object } }', /messages\.schema: expected the path of a file/],
]

for (const [written, expected] of PROBLEMS) {
  test(`a problem of ${written}: ${expected.source}`, () => {
    const yaml = `upstream: http://127.0.0.1:1\nroutes: [{ messages: ${written} }]\n`
    const files = { '/etc/wsluice/good.json': '{}', '/etc/wsluice/bad.json': '{' }
    assert.match(problemsOf({ yaml, files }).join('\n'), expected)
  })
}
