import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Learned } from '../../src/policy/connection.ts'
import { describe } from '../../src/proxy/describe.ts'
import { identityHeaders } from '../../src/proxy/identity.ts'
import { ROUTE } from '../support/session.ts'
import { trusting } from '../support/trust.ts'

const raw = { target: '/', rawHeaders: [], remoteAddress: '127.0.0.1', encrypted: false }
const PAYLOAD = 'eyJzdWIiOiJhbm4ifQ'
const identity = { user: 'X-User', claims: 'X-Claims' }
const of = (learned: Learned, names: typeof ROUTE.identity = identity) =>
  identityHeaders(
    { ...describe(raw, trusting([]), { at: 0, clock: 0 }), ...learned },
    { ...ROUTE, identity: names, payload: () => PAYLOAD },
  )

test('the user is percent-encoded UTF-8: no byte of it can end a header', () => {
  const cases: [user: string, header: string][] = [
    ['u1', 'u1'],
    ['jörg', 'j%C3%B6rg'],
    ['a\r\nX-Admin: 1', 'a%0D%0AX-Admin%3A%201'],
    ['\ud800', '%EF%BF%BD'],
    ['', ''],
  ]
  for (const [user, header] of cases) assert.deepEqual(of({ user }), ['X-User', header])
})

test('the claims are the payload as it was signed', () => {
  assert.deepEqual(of({ claims: { sub: 'ann' } }), ['X-Claims', PAYLOAD])
})

test('what is not known, or not asked for, is not said', () => {
  assert.deepEqual(of({}), [])
  assert.deepEqual(of({ user: 'u', claims: { sub: 'u' } }, {}), [])
  assert.deepEqual(of({ user: 'u', claims: { sub: 'u' } }, { user: 'X-User' }), ['X-User', 'u'])
})
