import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorize } from '../../src/checks/authorize.ts'
import { detailOf, pass } from '../../src/policy/verdict.ts'
import { conclusion, handshakeCheck } from '../support/check.ts'
import { connection } from '../support/connection.ts'

const PARAM = { claim: 'session_id', equals: 'param:dialogId' }
const QUERY = { claim: 'tenant', equals: 'query:tenant' }

type Entry = typeof PARAM

/** Each entry is a check of its own: the first refusal, or the last pass. */
async function judge(entries: Entry[], claims: Record<string, unknown>, dialogId = '42', target = '/ws') {
  const learned = { claims, params: new Map([['dialogId', dialogId]]) }
  const verdicts = entries.map((entry) => handshakeCheck(authorize, [entry])(connection({ target, learned })))
  const all = await Promise.all(verdicts)
  return all.find(({ ok }) => !ok) ?? all.at(-1) ?? pass
}

const CASES: [
  name: string,
  entries: Entry[],
  claims: Record<string, unknown>,
  dialogId: string,
  target: string,
  ok: boolean,
][] = [
  ['equal', [PARAM], { session_id: '42' }, '42', '/ws', true],
  ['a number', [PARAM], { session_id: 42 }, '42', '/ws', true],
  ['a number written otherwise', [PARAM], { session_id: 42 }, '042', '/ws', false],
  ['different', [PARAM], { session_id: '43' }, '42', '/ws', false],
  ['another case', [PARAM], { session_id: 'AB' }, 'ab', '/ws', false],
  ['a prefix', [PARAM], { session_id: '4' }, '42', '/ws', false],
  ['percent-encoded', [PARAM], { session_id: 'a b' }, 'a%20b', '/ws', true],
  ['a malformed escape is itself', [PARAM], { session_id: '%zz' }, '%zz', '/ws', true],
  ['no claim', [PARAM], {}, '42', '/ws', false],
  ['undefined is no text', [PARAM], {}, 'undefined', '/ws', false],
  ['null is no text', [PARAM], { session_id: null }, 'null', '/ws', false],
  ['true is no text', [PARAM], { session_id: true }, 'true', '/ws', false],
  ['a list is no text', [PARAM], { session_id: ['42'] }, '42', '/ws', false],
  ['an object is no text', [PARAM], { session_id: {} }, '[object Object]', '/ws', false],
  ['the query', [QUERY], { tenant: 'acme' }, '', '/ws?tenant=acme', true],
  ['the query, encoded', [QUERY], { tenant: 'a b' }, '', '/ws?tenant=a+b', true],
  ['the query lacks it', [QUERY], { tenant: 'acme' }, '', '/ws', false],
  ['both empty', [QUERY], { tenant: '' }, '', '/ws?tenant=', false],
  ['all of several', [PARAM, QUERY], { session_id: '42', tenant: 'acme' }, '42', '/ws?tenant=acme', true],
  ['one of several', [PARAM, QUERY], { session_id: '42', tenant: 'acme' }, '42', '/ws?tenant=evil', false],
]

for (const [name, entries, claims, dialogId, target, ok] of CASES) {
  test(`authorize: ${name}`, async () => {
    assert.equal(conclusion(await judge(entries, claims, dialogId, target)), ok ? 'pass' : 'access_denied')
  })
}

test('a number beyond 2^53 equals nothing: it may be that of another', async () => {
  const claims: Record<string, unknown> = JSON.parse('{"session_id":1234567890123456789}')
  for (const dialogId of ['1234567890123456789', '1234567890123456800']) {
    const verdict = await judge([PARAM], claims, dialogId)
    assert.equal(conclusion(verdict), 'access_denied')
    assert.match(detailOf(verdict), /^claim session_id is an integer beyond 2\^53.*mint it as text$/)
  }
})

test('a name that every object has is no claim', async () => {
  const verdict = await judge([{ claim: 'constructor', equals: 'param:dialogId' }], {}, String(Object))
  assert.equal(conclusion(verdict), 'access_denied')
})

test('the refusal says what was compared, and neither value', async () => {
  const verdict = await judge([PARAM], { session_id: 'held-value' }, 'wanted-value')
  const detail = verdict.ok ? '' : verdict.detail
  assert.equal(detail, 'claim session_id does not equal param:dialogId')
})

const PROBLEMS: [
  name: string,
  entries: Entry[],
  route: { params: string[]; hasToken: boolean },
  path: string | undefined,
][] = [
  ['no token', [PARAM], { params: ['dialogId'], hasToken: false }, ''],
  ['a param the path lacks', [QUERY, PARAM], { params: ['id'], hasToken: true }, '1.equals'],
  ['good', [QUERY, PARAM], { params: ['dialogId'], hasToken: true }, undefined],
]

for (const [name, entries, route, path] of PROBLEMS) {
  test(`authorize settings: ${name}`, () => {
    const [problem] = authorize.problems?.(authorize.settings.parse(entries), route) ?? []
    assert.equal(problem?.path.join('.'), path)
  })
}
