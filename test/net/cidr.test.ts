import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileCidrs, parseCidr, parseTrusted } from '../../src/net/cidr.ts'

const matches: [entries: string[], address: string, expected: boolean][] = [
  [['10.0.0.0/8'], '10.255.255.255', true],
  [['10.0.0.0/8'], '11.0.0.0', false],
  [['10.0.0.0/8'], '9.255.255.255', false],
  // Trap 21: a string prefix is no network.
  [['172.16.0.0/12'], '172.15.255.255', false],
  [['172.16.0.0/12'], '172.31.255.255', true],
  [['172.16.0.0/12'], '172.32.0.0', false],
  [['10.1.2.3'], '10.1.2.3', true],
  [['10.1.2.3'], '10.1.2.30', false],
  [['10.1.2.3/32'], '10.1.2.3', true],
  [['0.0.0.0/0'], '255.255.255.255', true],
  [['0.0.0.0/0'], '::1', false],
  [['::/0'], '2001:db8::1', true],
  [['::/0'], '1.2.3.4', false],
  // Trap 20: an IPv4-mapped address is the IPv4 one, on either side.
  [['10.0.0.0/8'], '::ffff:10.1.2.3', true],
  [['::/0'], '::ffff:10.1.2.3', false],
  [['::ffff:10.0.0.0/104'], '10.1.2.3', true],
  [['::ffff:10.0.0.0/104'], '11.1.2.3', false],
  [['::ffff:0:0/96'], '10.1.2.3', true],
  [['::ffff:10.1.2.3'], '10.1.2.3', true],
  // An IPv4-compatible address (RFC 4291, 2.5.5.1) is not.
  [['10.0.0.0/8'], '::10.1.2.3', false],
  [['::10.0.0.0/104'], '::10.1.2.3', true],
  [['2001:db8::/32'], '2001:db8:ffff::1', true],
  [['2001:db8::/32'], '2001:db9::1', false],
  [['2001:db8::/33'], '2001:db8:8000::1', false],
  [['fe80::/10'], 'fe80::1%eth0', true],
  [['loopback'], '127.8.8.8', true],
  [['loopback'], '::1', true],
  [['loopback'], '::2', false],
  [['loopback'], '128.0.0.1', false],
  [['private'], '10.0.0.1', true],
  [['private'], '172.16.0.1', true],
  [['private'], '192.168.0.1', true],
  [['private'], '100.64.0.1', true],
  [['private'], '100.127.255.255', true],
  [['private'], '100.128.0.1', false],
  [['private'], 'fd00::1', true],
  [['private'], '127.0.0.1', false],
  [['private'], '8.8.8.8', false],
  [['linklocal'], '169.254.1.1', true],
  [['linklocal'], 'febf::1', true],
  [['linklocal'], 'fec0::1', false],
  [['10.0.0.0/8', '192.0.2.0/24', '::1'], '192.0.2.7', true],
  [['10.0.0.0/8', '192.0.2.0/24', '::1'], '::1', true],
  [[], '127.0.0.1', false],
  [['0.0.0.0/0', '::/0'], '', false],
  [['0.0.0.0/0', '::/0'], 'unix', false],
  [['0.0.0.0/0', '::/0'], '127.1', false],
  [['0.0.0.0/0', '::/0'], '2130706433', false],
]

for (const [entries, address, expected] of matches) {
  test(`[${entries.join(', ')}] ${expected ? 'contains' : 'lacks'} "${address}"`, () => {
    assert.equal(compileCidrs(entries)(address), expected)
  })
}

const problems: [entry: string, message: RegExp][] = [
  ['10.1.2.3/8', /^10\.1\.2\.3\/8: .*did you mean "10\.0\.0\.0\/8"\?$/],
  ['2001:db8::1/32', /did you mean "2001:db8::\/32"\?$/],
  ['::ffff:10.1.2.3/104', /did you mean "10\.0\.0\.0\/8"\?$/],
  ['::ffff:0:0/80', /from 96 to 128/],
  ['10.0.0.0/33', /from 0 to 32/],
  ['::/129', /from 0 to 128/],
  ['10.0.0.0/', /from 0 to 32/],
  ['10.0.0.0/-1', /from 0 to 32/],
  ['10.0.0.0/08', /from 0 to 32/],
  ['10.0.0.0/8.0', /from 0 to 32/],
  ['10.0.0.0/255.0.0.0', /from 0 to 32/],
  ['10.0.0.0/8/8', /expected an address/],
  ['127.1', /expected an address/],
  ['172.', /expected an address/],
  ['fe80::1%eth0', /expected an address/],
  ['fe80::%eth0/10', /expected an address/],
  ['', /expected an address/],
  ['Loopback', /one of loopback, private, linklocal/],
  ['constructor', /expected an address/],
  ['unix', /expected an address/],
]

for (const [entry, message] of problems) {
  test(`"${entry}" is refused with what was expected`, () => {
    assert.throws(() => parseCidr(entry), { name: 'Error', message })
    assert.throws(() => compileCidrs(['10.0.0.0/8', entry]), { message })
  })
}

const trusted: [entries: string[], peer: string, expected: boolean][] = [
  [['unix'], 'unix', true],
  [['unix'], '127.0.0.1', false],
  [['loopback'], 'unix', false],
  [['0.0.0.0/0', '::/0'], 'unix', false],
  [['loopback', 'unix'], '127.0.0.1', true],
  [['loopback', 'unix'], 'unix', true],
  [[], 'unix', false],
]

for (const [entries, peer, expected] of trusted) {
  test(`trustedProxies [${entries.join(', ')}] ${expected ? 'trusts' : 'does not trust'} ${peer}`, () => {
    assert.equal(parseTrusted(entries).trusts(peer), expected)
  })
}

test('trustedProxies refuses what is no network', () => {
  assert.throws(() => parseTrusted(['unix', '10.1.2.3/8']), /did you mean "10\.0\.0\.0\/8"/)
})

/** An address as a whole number, printed without any compression: nothing here is shared with the code under test. */
interface Family {
  readonly bits: number
  readonly print: (value: bigint) => string
}

const families: Record<string, Family> = {
  IPv4: { bits: 32, print: (value) => [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.') },
  IPv6: {
    bits: 128,
    print: (value) =>
      [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) => ((value >> shift) & 0xffffn).toString(16)).join(':'),
  },
}

for (const [name, { bits, print }] of Object.entries(families)) {
  // Outside ::/16, where IPv4-mapped addresses live: they are tabled above.
  const address = fc.bigInt({ min: name === 'IPv6' ? 1n << 112n : 0n, max: (1n << BigInt(bits)) - 1n })
  const network = fc.record({ address, prefix: fc.integer({ min: 0, max: bits }) })
  const low = (prefix: number) => BigInt(bits - prefix)
  const first = (value: bigint, prefix: number) => (value >> low(prefix)) << low(prefix)

  test(`${name} networks contain what whole numbers say`, () => {
    // An address near a network shares its leading bits: else hardly any case would match.
    const near = fc.record({ index: fc.nat(), flipped: fc.integer({ min: 0, max: bits - 1 }) })
    fc.assert(
      fc.property(
        fc.array(network, { minLength: 1, maxLength: 6 }),
        address,
        near,
        (networks, far, { index, flipped }) => {
          // Prefix 0 of IPv6 prints ::, which is fine; a flipped bit may leave the family's plain range, which is not.
          const close = (networks[index % networks.length]?.address ?? 0n) ^ (1n << BigInt(flipped))
          const contains = compileCidrs(
            networks.map(({ address, prefix }) => `${print(first(address, prefix))}/${prefix}`),
          )
          for (const value of [far, close].filter((candidate) => bits === 32 || candidate >> 112n > 0n)) {
            const expected = networks.some(({ address, prefix }) => value >> low(prefix) === address >> low(prefix))
            assert.equal(contains(print(value)), expected)
          }
        },
      ),
      { numRuns: 1000 },
    )
  })

  test(`${name} bits after the prefix are refused, and the suggestion is the network`, () => {
    fc.assert(
      fc.property(network, ({ address, prefix }) => {
        fc.pre(first(address, prefix) !== address)
        const entry = `${print(address)}/${prefix}`
        assert.throws(
          () => parseCidr(entry),
          (error: Error) => {
            const meant = /did you mean "(.+)"\?$/.exec(error.message)?.[1] ?? ''
            return meant.endsWith(`/${prefix}`) && compileCidrs([meant])(print(address))
          },
        )
      }),
    )
  })
}

test('hostile addresses are in no network, and none throws', () => {
  const contains = compileCidrs(['10.0.0.0/8', '192.0.2.1', 'fc00::/7'])
  fc.assert(fc.property(fc.string(), (text) => assert.equal(typeof contains(text), 'boolean')))
})
