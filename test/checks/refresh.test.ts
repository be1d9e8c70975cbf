import assert from 'node:assert/strict'
import { test } from 'node:test'
import { token } from '../../src/checks/token.ts'
import type { Verdict } from '../../src/policy/verdict.ts'
import { mintToken } from '../../src/tokens/mint.ts'
import { assembly, conclusion } from '../support/check.ts'
import { connection, NOW } from '../support/connection.ts'
import { problemsOf } from '../support/load.ts'

const SECRET = 'a secret of at least thirty-two bytes'
const WHEN = { type: 'refresh', 'meta.v': 2, 'meta.final': true }

function refresh(written: object = {}) {
  const settings = token.settings.parse({ secret: SECRET, refresh: { when: WHEN, ...written } })
  const made = token.onRefresh?.(settings, assembly())
  assert.ok(made)
  return made
}

function find(text: string, kind: 'text' | 'binary' = 'text', written: object = {}): string {
  const payload = Buffer.from(text, 'latin1')
  const verdict: Verdict = refresh(written).begin()({ kind, payload, isAscii: false, at: 0 })
  if (!verdict.ok) return verdict.reason
  return verdict.forUs ? 'for us' : 'passes'
}

const FOUND: [text: string, expected: string][] = [
  ['{"type":"refresh","meta":{"v":2,"final":true},"token":"t"}', 'for us'],
  ['{"meta":{"final":true,"v":2.0,"x":[]},"type":"refres\\u0068"}', 'for us'],
  ['{"type":"refresh","meta":{"v":"2","final":true}}', 'passes'],
  ['{"type":"refresh","meta":{"v":2}}', 'passes'],
  ['{"type":"Refresh","meta":{"v":2,"final":true}}', 'passes'],
  ['{"type":"refresh","type":"refresh","meta":{"v":2,"final":true}}', 'passes'],
  ['{"type":"refresh","meta":{"v":2,"final":true},"token":"t","Token":"u"}', 'message_invalid'],
  ['[]', 'passes'],
  ['no JSON', 'passes'],
  ['\xff', 'passes'],
]

for (const [text, expected] of FOUND) test(`${text} ${expected}`, () => assert.equal(find(text), expected))

test('what is longer than any token passes', () => {
  const [text = ''] = FOUND[0] ?? []
  assert.equal(find(text.padEnd(600), 'text', {}), 'for us')
  assert.equal(find(text.padEnd(60_000), 'text', {}), 'passes')
})

test('a reload that finds others is told apart from one that changes nothing of it', () => {
  const { finds } = refresh()
  assert.equal(refresh({ reply: 'ok', onInvalid: 'error', errorMessage: 'no' }).finds, finds)
  assert.notEqual(refresh({ when: { type: 'renew' } }).finds, finds)
  assert.notEqual(refresh({ from: ['message:other'] }).finds, finds)
})

test('what an object inherits is none of its fields', () => {
  const when = { 'constructor.name': 'Object' }
  assert.equal(find('{"token":"t"}', 'text', { when }), 'passes')
  assert.equal(find('{"constructor":{"name":"Object"}}', 'text', { when }), 'for us')
})

test('binary passes', () => assert.equal(find(FOUND[0]?.[0] ?? '', 'binary'), 'passes'))

const mint = (claims: Record<string, unknown>, ttlSeconds = 60) =>
  mintToken({ secret: SECRET, claims, ttlSeconds, now: NOW })

const JUDGED: [name: string, user: string | undefined, message: () => Promise<unknown>, expected: string][] = [
  ['the same user', 'ann', async () => ({ token: await mint({ sub: 'ann' }) }), 'pass'],
  ['with Bearer', 'ann', async () => ({ token: `Bearer ${await mint({ sub: 'ann' })}` }), 'pass'],
  ['a number for a user', '7', async () => ({ token: await mint({ sub: 7 }) }), 'pass'],
  ['another user', 'ann', async () => ({ token: await mint({ sub: 'Ann' }) }), 'token_invalid'],
  ['no user', 'ann', async () => ({ token: await mint({}) }), 'token_invalid'],
  ['a connection without a user', undefined, async () => ({ token: await mint({}) }), 'token_invalid'],
  ['expired', 'ann', async () => ({ token: await mint({ sub: 'ann' }, -1) }), 'token_expired'],
  ['none', 'ann', async () => ({}), 'token_missing'],
]

for (const [name, user, message, expected] of JUDGED) {
  test(`a newer token: ${name}`, async () => {
    const of = { ...connection({ learned: user === undefined ? {} : { user } }), message: await message() }
    const verdict = await refresh().judge(of)
    assert.equal(conclusion(verdict), expected)
    if (verdict.ok) assert.equal(verdict.learned?.expiresAt, NOW + 60_000)
  })
}

const PROBLEMS: [section: string, expected: RegExp][] = [
  ['refresh: {}', /token\.refresh\.when: /],
  ['refresh: { when: {} }', /token\.refresh\.when: expected fields of the message/],
  ['refresh: { when: { a..b: 1 } }', /token\.refresh\.when: expected the names of fields/],
  ['refresh: { when: { a: [1] } }', /token\.refresh\.when/],
  ['refresh: { when: { a: 1 }, from: ["query:token"] }', /token\.refresh\.from\[0\]: expected a field of the message/],
  ['refresh: { when: { a: 1 }, onInvalid: error }', /token\.refresh\.onInvalid: what is the client told/],
  ['refresh: { when: { a: 1 }, errorMessage: no }', /token\.refresh\.errorMessage: nobody is told/],
  ['refresh: { when: { a: 1 } }, closeOnExpiry: false', /token\.refresh: there is nothing to extend/],
  ['refresh: { when: { a: 1 } }, expiry: ignore', /token\.refresh: there is nothing to extend/],
]

for (const [section, expected] of PROBLEMS) {
  const yaml = `upstream: http://127.0.0.1:1\nroutes: [{ token: { secret: ${SECRET}, ${section} } }]\n`
  test(`wrong: ${section}`, () => assert.match(problemsOf({ yaml }).join('\n'), expected))
}
