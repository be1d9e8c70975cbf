import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseTrusted } from '../../src/net/cidr.ts'
import { forwardedHops, resolveClient } from '../../src/net/forwarded.ts'
import { elementNode, elementsFromTheRight, formatForwarded } from '../../src/net/forwarded-element.ts'

const { trusts } = parseTrusted(['10.0.0.0/8'])
const PEER = '10.0.0.1'
const walk = (...lines: string[]) => resolveClient(PEER, forwardedHops('forwarded', lines), trusts)

const NODES: [element: string, node: string | undefined][] = [
  ['for=192.0.2.1', '192.0.2.1'],
  ['  For=192.0.2.1\t', '192.0.2.1'],
  ['for="192.0.2.1"', '192.0.2.1'],
  ['for="[2001:db8::1]:4711"', '[2001:db8::1]:4711'],
  ['for="_gazonk"', '_gazonk'],
  ['for=unknown', 'unknown'],
  ['proto=https;for=192.0.2.1;by=203.0.113.43', '192.0.2.1'],
  ['proto=https; for=192.0.2.1 ; by=203.0.113.43', '192.0.2.1'],
  [';;for=192.0.2.1;', '192.0.2.1'],
  ['host="a;for=1.1.1.1,b";for=192.0.2.1', '192.0.2.1'],
  ['host="\\"";for=192.0.2.1', '192.0.2.1'],
  ['for="\\1\\92.0.2.1"', '192.0.2.1'],
  ['for=192.0.2.1:80', '192.0.2.1:80'],
  ['for=[2001:db8::1]', '[2001:db8::1]'],
  ['for=""', ''],
  ['', undefined],
  ['proto=https', undefined],
  ['192.0.2.1', undefined],
  ['for', undefined],
  ['for=', undefined],
  ['for =192.0.2.1', undefined],
  ['for= 192.0.2.1', undefined],
  ['for=1.1.1.1;for=2.2.2.2', undefined],
  ['for=1.1.1.1;FOR=2.2.2.2', undefined],
  ['for=1.1.1.1 for=2.2.2.2', undefined],
  ['for="1.1.1.1', undefined],
  ['for=1.1.1.1"', undefined],
  ['for="1.1.1.1"x', undefined],
  ['for="1.1.1.1\\"', undefined],
  ['for=1.1.1.1;by="', undefined],
  ['for==1.1.1.1', '=1.1.1.1'],
  ['f\0r=1.1.1.1', undefined],
]

test('elementNode', () => {
  for (const [element, node] of NODES) {
    assert.equal(elementNode(element), node === '=1.1.1.1' ? undefined : node, JSON.stringify(element))
  }
})

const WALKS: [name: string, lines: string[], ip: string, chain: string[]][] = [
  ['one client', ['for=203.0.113.9'], '203.0.113.9', ['203.0.113.9']],
  ['two hops', ['for=203.0.113.9, for=10.0.0.2'], '203.0.113.9', ['203.0.113.9', '10.0.0.2']],
  ['two lines', ['for=203.0.113.9', 'for=10.0.0.2'], '203.0.113.9', ['203.0.113.9', '10.0.0.2']],
  ['IPv6', ['for="[2001:DB8::0:1]:80"'], '2001:db8::1', ['2001:db8::1']],
  ['IPv6 with a hidden port', ['for="[2001:db8::1]:_x"'], '2001:db8::1', ['2001:db8::1']],
  ['IPv4-mapped', ['for="[::ffff:203.0.113.9]"'], '203.0.113.9', ['203.0.113.9']],
  ['unknown from the peer', ['for=203.0.113.9, for=unknown'], PEER, []],
  ['unknown from a hop', ['for=203.0.113.9, for=unknown, for=10.0.0.2'], '10.0.0.2', ['10.0.0.2']],
  ['hidden', ['for=_x, for=10.0.0.2'], '10.0.0.2', ['10.0.0.2']],
  ['no for', ['for=203.0.113.9, proto=https'], PEER, []],
  ['spoof: the leftmost', ['for=198.51.100.1, for=203.0.113.9'], '203.0.113.9', ['203.0.113.9']],
  ['spoof: a quote left open', ['for="198.51.100.1, for=203.0.113.9'], '203.0.113.9', ['203.0.113.9']],
  ['spoof: a quote left open before quotes', ['for=1.1.1.1;x=", for="203.0.113.9"'], '203.0.113.9', ['203.0.113.9']],
  ['spoof: an escape left open', ['for="1.1.1.1\\, for="203.0.113.9"'], '203.0.113.9', ['203.0.113.9']],
  ['spoof: a line left open', ['for="1.1.1.1', 'for="203.0.113.9"'], '203.0.113.9', ['203.0.113.9']],
  ['a comma in a string', ['for=203.0.113.9;host="a,for=1.1.1.1"'], '203.0.113.9', ['203.0.113.9']],
  ['an escaped quote', ['for=203.0.113.9;host="a\\",for=1.1.1.1"'], '203.0.113.9', ['203.0.113.9']],
  ['an escaped escape', ['for=1.1.1.1;host="\\\\", for=203.0.113.9'], '203.0.113.9', ['203.0.113.9']],
  ['an X-Forwarded-For under the wrong name', ['203.0.113.9'], PEER, []],
]

for (const [name, lines, ip, chain] of WALKS) {
  test(`Forwarded: ${name}`, () => assert.deepEqual(walk(...lines), { ip, chain }))
}

test('formatForwarded writes what the walk reads', () => {
  assert.equal(formatForwarded(['2001:db8::1', '10.0.0.2']), 'for="[2001:db8::1]", for=10.0.0.2')
  assert.deepEqual(walk(formatForwarded(['2001:db8::1', '10.0.0.2'])).chain, ['2001:db8::1', '10.0.0.2'])
})

/** Every element as an RFC 7239 writer may write it, with what it names. */
const token = fc.stringMatching(/^[a-z0-9._-]{1,6}$/)
const content = fc.string({ unit: fc.constantFrom('a', ',', ';', '=', '"', '\\', ' ', 'f', '1'), maxLength: 8 })
const quoted = content.map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`)
const other = fc
  .tuple(fc.constantFrom('by', 'host', 'proto', 'x'), fc.oneof(token, quoted))
  .map((pair) => pair.join('='))
const address = fc.constantFrom('10.0.0.2', '10.9.9.9', '203.0.113.9', '198.51.100.1', '2001:db8::1')
const element = fc
  .tuple(address, fc.boolean(), fc.array(other, { maxLength: 3 }), fc.nat(3))
  .map(([ip, isQuoted, others, at]) => {
    const node = ip.includes(':') ? `"[${ip}]"` : isQuoted ? `"${ip}"` : ip
    return { ip, text: others.toSpliced(at, 0, `for=${node}`).join(';') }
  })

/** Left to right, once over well-formed text: what stands between two commas outside of quotes. */
function split(line: string): string[] {
  const elements = ['']
  let isQuoted = false
  for (let index = 0; index < line.length; index++) {
    const character = line[index] ?? ''
    if (character === '"') isQuoted = !isQuoted
    if (character === ',' && !isQuoted) elements.push('')
    else elements.push((elements.pop() ?? '') + character)
    if (character === '\\' && isQuoted) elements.push((elements.pop() ?? '') + (line[++index] ?? ''))
  }
  return elements
}

test('property: well-formed elements are cut as from the left', () => {
  fc.assert(
    fc.property(fc.array(element, { minLength: 1, maxLength: 6 }), (elements) => {
      const line = elements.map(({ text }) => text).join(', ')
      assert.deepEqual([...elementsFromTheRight(line)].toReversed(), split(line))
      assert.deepEqual(
        [...forwardedHops('forwarded', [line])].toReversed(),
        elements.map(({ ip }) => ip),
      )
    }),
    { numRuns: 1000 },
  )
})

test('property: whatever a client wrote, what trusted hops appended is read as they wrote it', () => {
  const unit = fc.constantFrom('"', '\\', ',', ';', '=', ' ', 'for', '1.1.1.1', '10.0.0.7', '[', ']', '_')
  const claim = fc.oneof(fc.string(), fc.string({ unit, maxLength: 30 }))
  const trusted = element.filter(({ ip }) => trusts(ip))
  const stranger = element.filter(({ ip }) => !trusts(ip))
  fc.assert(
    fc.property(claim, stranger, fc.array(trusted, { maxLength: 4 }), (said, client, appended) => {
      const line = [said, client.text, ...appended.map(({ text }) => text)].join(',')
      assert.deepEqual(walk(line), { ip: client.ip, chain: [client.ip, ...appended.map(({ ip }) => ip)] })
    }),
    { numRuns: 3000 },
  )
})

test('property: hostile lines never throw, and the address is always an address', () => {
  const unit = fc.constantFrom(...'for=";,\\[]:.1a \t\0\n')
  fc.assert(
    fc.property(fc.array(fc.string({ unit, maxLength: 60 }), { maxLength: 4 }), (lines) => {
      const { ip, chain } = walk(...lines)
      assert.ok([ip, ...chain].every((one) => isIP(one) !== 0))
    }),
    { numRuns: 2000 },
  )
})

test('the longest heads are read in linear time', () => {
  const units = ['"', '\\', ';', ',', '=', ' ', 'for=', 'a=b;', '\\"', '"\\', 'for="', ' ;', 'a=b ']
  for (const unit of units) {
    const line = `${unit.repeat(200_000 / unit.length)}x`
    const started = performance.now()
    const { ip } = walk(line)
    elementNode(line)
    assert.equal(ip, PEER, unit)
    // Quadratic would be minutes.
    assert.ok(performance.now() - started < 2000, unit)
  }
})
