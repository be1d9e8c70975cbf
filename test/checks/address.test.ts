import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { z } from 'zod'
import { address } from '../../src/checks/address.ts'
import { conclusion, handshakeCheck } from '../support/check.ts'
import { connection } from '../support/connection.ts'

type Settings = z.input<typeof address.settings>

const ALLOW = ['203.0.113.0/24', '2001:db8::/32', 'loopback']

const CASES: [name: string, settings: Settings, ip: string, passes: boolean][] = [
  ['in the list', { allow: ALLOW }, '203.0.113.9', true],
  ['an address itself', { allow: ['203.0.113.9'] }, '203.0.113.9', true],
  ['IPv6', { allow: ALLOW }, '2001:db8::1', true],
  ['a name', { allow: ALLOW }, '127.5.0.1', true],
  ['not in the list', { allow: ALLOW }, '203.0.114.9', false],
  ['an empty list', { allow: [] }, '203.0.113.9', false],
  ['one text', { allow: '203.0.113.9, 203.0.113.10' as unknown as string[] }, '203.0.113.10', true],
  ['IPv4-mapped', { allow: ALLOW }, '::ffff:203.0.113.9', true],
  ['denied', { deny: ['203.0.113.0/24'] }, '203.0.113.9', false],
  ['denied as IPv4-mapped', { deny: ['203.0.113.0/24'] }, '::ffff:203.0.113.9', false],
  ['not denied', { deny: ['203.0.113.0/24'] }, '203.0.114.9', true],
  ['deny wins', { allow: ALLOW, deny: ['203.0.113.9'] }, '203.0.113.9', false],
  ['allowed beside a denied one', { allow: ALLOW, deny: ['203.0.113.9'] }, '203.0.113.10', true],
  ['nobody denied', { deny: [] }, '203.0.113.9', true],
  ['a unix peer is in no list', { allow: ['0.0.0.0/0', '::/0'] }, 'unix', false],
  ['a unix peer is in no list to deny', { deny: ['0.0.0.0/0', '::/0'] }, 'unix', true],
]

for (const [name, settings, ip, passes] of CASES) {
  test(`address: ${name}`, async () => {
    const check = handshakeCheck(address, settings)
    assert.equal(conclusion(await check({ ...connection({ peer: ip }) })), passes ? 'pass' : 'address_not_allowed')
  })
}

test('the client is judged, not the proxy before it', async () => {
  const check = handshakeCheck(address, { allow: ['203.0.113.9'] })
  const behind = { ...connection({ peer: '10.0.0.1' }), ip: '203.0.113.9' }
  assert.equal(conclusion(await check(behind)), 'pass')
  assert.equal(conclusion(await check(connection({ peer: '10.0.0.1' }))), 'address_not_allowed')
})

test('address settings: what is no network is named', () => {
  for (const entry of ['127.1', '10.0.0.1/8', 'example.com', 'unix', '']) {
    assert.equal(address.settings.safeParse({ allow: [entry] }).success, false, entry)
  }
})

test('address settings: neither list judges nothing', () => {
  const problems = (settings: Settings) =>
    address.problems?.(address.settings.parse(settings), { params: [], hasToken: false })
  assert.equal(problems({})?.length, 1)
  assert.deepEqual(problems({ deny: [] }), [])
})
