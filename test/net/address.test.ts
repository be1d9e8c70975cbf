import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { canonicalAddress, keyAddress } from '../../src/net/address.ts'

const canonical: [name: string, text: string, expected: string | undefined][] = [
  ['IPv4', '203.0.113.9', '203.0.113.9'],
  ['all zeros', '0.0.0.0', '0.0.0.0'],
  ['all ones', '255.255.255.255', '255.255.255.255'],
  ['IPv4-mapped, as a dual-stack socket gives it (trap 20)', '::ffff:1.2.3.4', '1.2.3.4'],
  ['IPv4-mapped in hexadecimal and capitals', '::FFFF:0102:0304', '1.2.3.4'],
  ['IPv4-mapped, written out, with a zone', '0:0:0:0:0:ffff:1.2.3.4%eth0', '1.2.3.4'],
  ['IPv4-compatible is IPv6', '::1.2.3.4', '::102:304'],
  ['IPv4-compatible, unspecified', '::0.0.0.0', '::'],
  ['IPv6 in capitals with leading zeros', '2001:0DB8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
  ['the longest run of zeros is cut', '2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['a single zero is not cut', '2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['one group for ::', '1::3:4:5:6:7:8', '1:0:3:4:5:6:7:8'],
  ['loopback', '0:0:0:0:0:0:0:1', '::1'],
  ['unspecified', '::', '::'],
  ['zone', 'fe80::1%eth0', 'fe80::1'],
  ['empty', '', undefined],
  ['short IPv4', '127.1', undefined],
  ['octal', '0177.0.0.1', undefined],
  ['leading zero', '010.0.0.1', undefined],
  ['leading zero, mapped', '::ffff:010.0.0.1', undefined],
  ['hexadecimal', '0x7f.0.0.1', undefined],
  ['one number', '2130706433', undefined],
  ['five parts', '1.2.3.4.5', undefined],
  ['part too big', '1.2.3.256', undefined],
  ['port', '1.2.3.4:80', undefined],
  ['brackets', '[::1]', undefined],
  ['network', '10.0.0.0/8', undefined],
  ['two ::', '1::2::3', undefined],
  ['group too big', '12345::', undefined],
  ['blank before', ' 1.2.3.4', undefined],
  ['line end after', '1.2.3.4\n', undefined],
  ['empty zone', 'fe80::1%', undefined],
  ['name', 'localhost', undefined],
  ['unix', 'unix', undefined],
  ['full-width digits', '１.2.3.4', undefined],
  ['zone without end', `fe80::1%${'a'.repeat(10_000)}`, undefined],
]

for (const [name, text, expected] of canonical) {
  test(`canonicalAddress: ${name}`, () => assert.equal(canonicalAddress(text), expected))
}

const keys: [name: string, address: string, prefix: number, expected: string][] = [
  ['IPv4 is its own key', '203.0.113.9', 64, '203.0.113.9'],
  ['IPv4-mapped is the IPv4 key', '::ffff:203.0.113.9', 64, '203.0.113.9'],
  ['IPv6 is counted by its network', '2001:db8::abcd:1', 64, '2001:db8::/64'],
  ['the network next to it', '2001:db8:0:1::abcd:1', 64, '2001:db8:0:1::/64'],
  ['a prefix between words', '2001:db8:ffff:ffff::1', 56, '2001:db8:ffff:ff00::/56'],
  ['a whole address', '2001:db8::1', 128, '2001:db8::1/128'],
  ['everyone', '2001:db8::1', 0, '::/0'],
  ['a unix peer', 'unix', 64, 'unix'],
]

for (const [name, address, prefix, expected] of keys) {
  test(`keyAddress: ${name}`, () => assert.equal(keyAddress(address, prefix), expected))
}

test('IPv6 is printed as RFC 5952 says, like the URL parser prints it', () => {
  const dotted = fc
    .tuple(fc.constantFrom('::', '1::', '::1:', '64:ff9b::', '1:2:3:4:5:6:'), fc.ipV4())
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.oneof(fc.ipV6(), dotted), (text) => {
      const canonical = canonicalAddress(text)
      // The URL parser leaves IPv4-mapped addresses in hexadecimal: they are tabled above.
      fc.pre(canonical?.includes(':') === true)
      assert.equal(canonical, new URL(`http://[${text}]`).hostname.slice(1, -1))
    }),
  )
})

test('a canonical address is its own canonical form, and no text throws', () => {
  const text = fc.oneof(
    fc.string(),
    fc.ipV4(),
    fc.string({ unit: fc.constantFrom(...'0123456789abcdefFx:.%'), maxLength: 48 }),
    fc.array(fc.constantFrom('0', 'ffff', '1', ''), { maxLength: 9 }).map((parts) => parts.join(':')),
  )
  fc.assert(
    fc.property(text, (input) => {
      const canonical = canonicalAddress(input)
      assert.equal(canonical === undefined, isIP(input) === 0)
      if (canonical !== undefined) assert.equal(canonicalAddress(canonical), canonical)
    }),
    { numRuns: 2000 },
  )
})

test('a key keeps no part of the header it was cut from alive (trap 50)', () => {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const heap = () => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const before = heap()
  const kept: string[] = []
  for (const address of ['203.0.113.123', '2001:db8:aaaa:bbbb::cccc', 'no-address-at-all']) {
    for (let count = 0; count < 100; count++) {
      const header = `${address},${'x'.repeat(100_000)}${count}`
      kept.push(keyAddress(header.slice(0, address.length), 64))
    }
  }
  assert.ok(heap() - before < 5_000_000)
  assert.equal(kept.length, 300)
})
