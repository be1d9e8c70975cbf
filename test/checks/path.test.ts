import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { soundPath } from '../../src/checks/path.ts'
import { connection } from '../support/connection.ts'

async function problemOf(target: string): Promise<string> {
  const verdict = await soundPath(connection({ target }))
  assert.equal(verdict.ok ? 'bad_request' : verdict.reason, 'bad_request')
  return verdict.ok ? '' : (verdict.detail ?? '')
}

const SLASH = 'an encoded slash or a backslash in the path'
const DOT = 'a dot segment in the path'
const CONTROL = 'a control byte in the path'
const EMPTY = 'an empty segment in the path'
const LETTER = 'an encoded letter, digit, -, ., _ or ~ in the path'

const REFUSED: [target: string, detail: string][] = [
  ['/ws/a%2fb', SLASH],
  ['/ws/a%2Fb', SLASH],
  ['/secure%2Fws', SLASH],
  ['/ws/a%252fb', SLASH],
  ['/ws/a%5cb', SLASH],
  ['/ws\\a', SLASH],
  ['/ws/../admin', DOT],
  ['/x/../secure/ws', DOT],
  ['/ws/..', DOT],
  ['/ws/./a', DOT],
  ['/./secure/ws', DOT],
  ['/ws/%2e%2e/admin', DOT],
  ['/ws/.%2E/admin', DOT],
  ['/ws/%252e%252e/admin', DOT],
  ['/ws/..;x=1/admin', DOT],
  ['/ws/..%3bx/admin', DOT],
  ['/ws/a%00', CONTROL],
  ['/ws/a%0d%0aX: y', CONTROL],
  ['/ws/%7f', CONTROL],
  ['/ws/\u0001', CONTROL],
  ['//secure/ws', EMPTY],
  ['/secure//ws', EMPTY],
  ['/secure/ws//', EMPTY],
  ['/%73ecure/ws', LETTER],
  ['/%2573ecure/ws', LETTER],
  ['/%252573ecure/ws', LETTER],
  ['/ws/%41', LETTER],
  ['/ws/%5A', LETTER],
  ['/ws/%5a', LETTER],
  ['/ws/%7a', LETTER],
  ['/ws/%30', LETTER],
  ['/ws/%39', LETTER],
  ['/ws/a%2db', LETTER],
  ['/ws/a%2Eb', LETTER],
  ['/ws/a%5Fb', LETTER],
  ['/ws/%7Eann', LETTER],
  ['*', 'the request target is no path'],
  [`/${'a'.repeat(17_000)}`, 'the path is too long'],
]

for (const [target, detail] of REFUSED) {
  test(`refused: ${target.slice(0, 40)}`, async () => assert.equal(await problemOf(target), detail))
}

const PASSED = [
  '/',
  '/ws',
  '/ws/',
  '/secure/ws',
  '/ws/..a/a../...?token=a',
  '/ws/v1.2/socket.io/',
  '/ws/caf%C3%A9%20%25%3F%26',
  '/ws/~ann/a-b_c.d',
  '/ws/%40%5B%60%7B%2F'.replace('%2F', ''),
  '/ws/a;x=1',
  '/ws/100%',
  '/ws/%zz',
  '/ws?path=../../x%2f..&next=//a&a=%41',
]

for (const target of PASSED) test(`passed: ${target}`, async () => assert.equal(await problemOf(target), ''))

test('of two spellings that decode to one path, one at most passes', async () => {
  const unit = fc.constantFrom('a', 'Z', '7', '-', '.', '_', '~', '/')
  const encoded = (text: string, at: number) =>
    `${text.slice(0, at)}%${text.charCodeAt(at).toString(16).padStart(2, '0')}${text.slice(at + 1)}`
  await fc.assert(
    fc.asyncProperty(fc.string({ unit, minLength: 1, maxLength: 12 }), fc.nat(11), async (text, at) => {
      assert.notEqual(await problemOf(`/${encoded(text, at % text.length)}`), '')
    }),
  )
})

test('a path is judged in linear time', async () => {
  const least = async (target: string) => {
    const times: number[] = []
    for (let turn = 0; turn < 5; turn++) {
      const started = performance.now()
      await problemOf(target)
      times.push(performance.now() - started)
    }
    return Math.min(...times)
  }
  for (const [unit, start] of [
    ['25', '/%'],
    ['%25', '/'],
    ['/.a', ''],
  ] as const) {
    const short = await least(start + unit.repeat(Math.floor(1_500 / unit.length)))
    const long = await least(start + unit.repeat(Math.floor(15_000 / unit.length)))
    // Quadratic would be a hundred times.
    assert.ok(long < 50 * Math.max(short, 0.05), `${unit}: ${short} and ${long} ms`)
  }
})
