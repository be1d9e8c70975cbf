import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseTrusted } from '../../src/net/cidr.ts'
import { forwardedHops, namesOthers, resolveClient } from '../../src/net/forwarded.ts'

const { trusts } = parseTrusted(['10.0.0.0/8', 'fd00::/8', 'unix'])
const PEER = '10.0.0.1'

const cases: [name: string, peer: string, lines: string[], ip: string, chain: string[]][] = [
  ['no header', PEER, [], PEER, []],
  ['one client', PEER, ['203.0.113.9'], '203.0.113.9', ['203.0.113.9']],
  ['through two proxies', PEER, ['203.0.113.9, 10.0.0.2'], '203.0.113.9', ['203.0.113.9', '10.0.0.2']],
  [
    'lines are one list, in order',
    PEER,
    ['203.0.113.9', '10.0.0.3, 10.0.0.2'],
    '203.0.113.9',
    ['203.0.113.9', '10.0.0.3', '10.0.0.2'],
  ],
  ['behind a unix socket', 'unix', ['203.0.113.9'], '203.0.113.9', ['203.0.113.9']],
  ['a unix peer without a header', 'unix', [], 'unix', []],
  ['only trusted hops: the leftmost', PEER, ['10.0.0.4, 10.0.0.3'], '10.0.0.4', ['10.0.0.4', '10.0.0.3']],

  ['spoof: the header of an untrusted peer', '203.0.113.9', ['198.51.100.1'], '203.0.113.9', []],
  ['spoof: a trusted address claimed by an untrusted peer', '203.0.113.9', ['10.0.0.9'], '203.0.113.9', []],
  ['spoof: the leftmost claim', PEER, ['198.51.100.1, 203.0.113.9'], '203.0.113.9', ['203.0.113.9']],
  ['spoof: a trusted address on the left', PEER, ['10.9.9.9, 203.0.113.9'], '203.0.113.9', ['203.0.113.9']],
  [
    'spoof: a whole chain on the left',
    PEER,
    ['198.51.100.1, 10.0.0.7, 203.0.113.9, 10.0.0.2'],
    '203.0.113.9',
    ['203.0.113.9', '10.0.0.2'],
  ],
  ['spoof: a line of its own', PEER, ['198.51.100.1', '203.0.113.9'], '203.0.113.9', ['203.0.113.9']],
  ['spoof: the word unix', PEER, ['198.51.100.1, unix'], PEER, []],
  ['spoof: the word loopback', PEER, ['198.51.100.1, loopback'], PEER, []],
  ['spoof: the client itself is rubbish', PEER, ['198.51.100.1, rubbish, 203.0.113.9'], '203.0.113.9', ['203.0.113.9']],

  ['malformed from the peer: the peer', PEER, ['203.0.113.9, rubbish'], PEER, []],
  ['malformed from a hop: that hop', PEER, ['203.0.113.9, rubbish, 10.0.0.2'], '10.0.0.2', ['10.0.0.2']],
  ['unknown', PEER, ['203.0.113.9, unknown, 10.0.0.2'], '10.0.0.2', ['10.0.0.2']],
  ['obfuscated', PEER, ['_hidden, 10.0.0.2'], '10.0.0.2', ['10.0.0.2']],
  ['an empty line', PEER, [''], PEER, []],
  ['an empty entry', PEER, ['203.0.113.9,, 10.0.0.2'], '10.0.0.2', ['10.0.0.2']],
  ['a comma before', PEER, [', 203.0.113.9'], '203.0.113.9', ['203.0.113.9']],
  ['a comma before trusted hops', PEER, [',10.0.0.2'], '10.0.0.2', ['10.0.0.2']],
  ['a comma after', PEER, ['203.0.113.9,'], PEER, []],
  ['an empty line after', PEER, ['203.0.113.9', ''], PEER, []],
  ['short IPv4 is no address', PEER, ['203.0.113.9, 127.1'], PEER, []],
  ['octal is no address', PEER, ['0177.0.0.1'], PEER, []],
  ['a quoted list is no address', PEER, ['"203.0.113.9, 10.0.0.2"'], PEER, []],
  ['half a quote', PEER, ['"203.0.113.9'], PEER, []],
  ['a lone quote', PEER, ['"'], PEER, []],
  ['half a bracket', PEER, ['[2001:db8::1'], PEER, []],
  ['IPv4 in brackets', PEER, ['[203.0.113.9]'], PEER, []],
  ['a port that is none', PEER, ['203.0.113.9:http'], PEER, []],
  ['a network', PEER, ['203.0.113.0/24'], PEER, []],
  ['for= belongs to another header', PEER, ['for=203.0.113.9'], PEER, []],

  ['IPv4 with a port', PEER, ['203.0.113.9:51000'], '203.0.113.9', ['203.0.113.9']],
  ['a trusted hop with a port', PEER, ['203.0.113.9, 10.0.0.2:443'], '203.0.113.9', ['203.0.113.9', '10.0.0.2']],
  ['IPv6', PEER, ['2001:DB8::0:1'], '2001:db8::1', ['2001:db8::1']],
  ['IPv6 in brackets', PEER, ['[2001:db8::1]'], '2001:db8::1', ['2001:db8::1']],
  ['IPv6 with a port', PEER, ['[2001:db8::1]:51000'], '2001:db8::1', ['2001:db8::1']],
  ['quoted, in brackets, with a port', PEER, ['"[2001:db8::1]:51000"'], '2001:db8::1', ['2001:db8::1']],
  ['quoted IPv4', PEER, ['"203.0.113.9"'], '203.0.113.9', ['203.0.113.9']],
  ['a zone', PEER, ['fe80::1%eth0'], 'fe80::1', ['fe80::1']],
  ['a zone in brackets', PEER, ['[fe80::1%eth0]:80'], 'fe80::1', ['fe80::1']],
  ['IPv4-mapped', PEER, ['::ffff:203.0.113.9'], '203.0.113.9', ['203.0.113.9']],
  ['an IPv4-mapped trusted hop', PEER, ['203.0.113.9, ::ffff:10.0.0.2'], '203.0.113.9', ['203.0.113.9', '10.0.0.2']],
  ['blanks and tabs', PEER, ['  203.0.113.9 ,\t10.0.0.2  '], '203.0.113.9', ['203.0.113.9', '10.0.0.2']],
]

const hops = (lines: readonly string[]) => forwardedHops('x-forwarded-for', lines)

for (const [name, peer, lines, ip, chain] of cases) {
  test(`resolveClient: ${name}`, () => assert.deepEqual(resolveClient(peer, hops(lines), trusts), { ip, chain }))
}

test('other headers that hold a list, or one address, are walked alike', () => {
  const lines = ['198.51.100.1', '203.0.113.9, 10.0.0.2']
  for (const name of ['x-real-ip', 'cf-connecting-ip', '__proto__']) {
    assert.equal(resolveClient(PEER, forwardedHops(name, lines), trusts).ip, '203.0.113.9', name)
  }
})

test('a header names others than the known where one address is none of them, wherever it stands', () => {
  const named = (line: string, ...known: string[]) => namesOthers(hops([line]), known)
  assert.equal(named('10.0.0.1, 10.0.0.2', '10.0.0.2', '10.0.0.1'), false)
  assert.equal(named('unknown, _x, , 10.0.0.2', '10.0.0.2'), false)
  assert.equal(named('10.0.0.3, 10.0.0.2', '10.0.0.2'), true)
  assert.equal(named('10.0.0.3, unknown', '10.0.0.2'), true)
  assert.equal(named(','.repeat(63), '10.0.0.2'), false)
  assert.equal(named(','.repeat(64), '10.0.0.2'), true)
})

test('a header of trusted hops is read no further than 64 entries', () => {
  let asked = 0
  const counting = (address: string) => {
    asked++
    return trusts(address)
  }
  const { ip, chain } = resolveClient(PEER, hops([`203.0.113.9,${'10.0.0.3,'.repeat(10_000)}10.0.0.2`]), counting)
  assert.equal(ip, '10.0.0.3')
  assert.equal(chain.length, 64)
  assert.equal(asked, 65)
})

/** The rule of trap 19 written out over the whole list at once. */
function oracle(entries: readonly string[]): { ip: string; chain: string[] } {
  const lastStranger = entries.findLastIndex((entry) => isIP(entry) !== 0 && !trusts(entry))
  const lastMalformed = entries.findLastIndex((entry) => isIP(entry) === 0)
  const chain = entries.slice(lastMalformed > lastStranger ? lastMalformed + 1 : Math.max(lastStranger, 0))
  return { ip: chain[0] ?? PEER, chain }
}

test('the walk agrees with the rule, however the list is cut into lines', () => {
  const entry = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('10.0.0.2', '10.7.7.7', 'fd00::1') },
    { weight: 1, arbitrary: fc.constantFrom('203.0.113.9', '198.51.100.1', '2001:db8::1') },
    { weight: 1, arbitrary: fc.constantFrom('', 'unknown', '_x', '127.1', 'unix', '1.2.3.4.5') },
  )
  const separated = fc.array(fc.tuple(entry, fc.constantFrom(',', ', ', '\n')), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(separated, (parts) => {
      const header = parts.map(([text, separator]) => text + separator).join('')
      const lines = header.slice(0, -(parts.at(-1)?.[1].length ?? 0)).split('\n')
      assert.deepEqual(resolveClient(PEER, hops(lines), trusts), oracle(parts.map(([text]) => text)))
    }),
    { numRuns: 2000 },
  )
})

test('hostile headers never throw, and the address is always an address', () => {
  const unit = fc.constantFrom(...'0123456789abcdef.:,[]"% _-\\\0\n')
  const line = fc.oneof(fc.string(), fc.string({ unit, maxLength: 80 }))
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
      const { ip, chain } = resolveClient(PEER, hops(lines), trusts)
      assert.ok([ip, ...chain].every((address) => isIP(address) !== 0))
    }),
    { numRuns: 2000 },
  )
})
