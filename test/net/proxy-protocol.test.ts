import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { readProxyHeader } from '../../src/net/proxy-protocol.ts'
import { binaryHeader, extension, ipv4Block, ipv6Block, lineHeader } from '../support/proxy-header.ts'

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const LONGEST = `PROXY TCP6 ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`

/** The source of a whole header; `own` where it leaves the connection's own address. */
const WHOLE: [name: string, header: Buffer | string, source: string][] = [
  ['TCP4', lineHeader('203.0.113.9'), '203.0.113.9'],
  ['TCP6', lineHeader('2001:db8::1'), '2001:db8::1'],
  ['TCP6, upper case and zeros', 'PROXY TCP6 2001:DB8:0:0::1 ::1 1 2\r\n', '2001:db8::1'],
  ['TCP6, IPv4-mapped', 'PROXY TCP6 ::ffff:203.0.113.9 ::1 1 2\r\n', '203.0.113.9'],
  ['the longest TCP6', LONGEST, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['ports at their ends', 'PROXY TCP4 1.2.3.4 5.6.7.8 0 65535\r\n', '1.2.3.4'],
  ['UNKNOWN', 'PROXY UNKNOWN\r\n', 'own'],
  ['UNKNOWN with anything behind it', 'PROXY UNKNOWN ffff::1 rubbish  x\r\n', 'own'],
  ['UNKNOWN, 107 bytes', `PROXY UNKNOWN ${'x'.repeat(91)}\r\n`, 'own'],
  ['v2 INET', binaryHeader(), '203.0.113.9'],
  ['v2 INET6', binaryHeader({ family: 0x21, addresses: ipv6Block(`20010db8${'0'.repeat(23)}1`) }), '2001:db8::1'],
  [
    'v2 INET6, IPv4-mapped',
    binaryHeader({ family: 0x21, addresses: ipv6Block(`${'0'.repeat(20)}ffffcb007109`) }),
    '203.0.113.9',
  ],
  ['v2 UNIX', binaryHeader({ family: 0x31, addresses: Buffer.alloc(216, 'x') }), 'unix'],
  ['v2 UNSPEC', binaryHeader({ family: 0x00, addresses: Buffer.alloc(0) }), 'own'],
  ['v2 UNSPEC with bytes', binaryHeader({ family: 0x00, addresses: Buffer.alloc(9) }), 'own'],
  ['v2 LOCAL', binaryHeader({ command: 0x20, family: 0x00, addresses: Buffer.alloc(0) }), 'own'],
  ['v2 LOCAL with addresses', binaryHeader({ command: 0x20 }), 'own'],
  ['v2 LOCAL of any family', binaryHeader({ command: 0x20, family: 0xff, addresses: Buffer.alloc(3) }), 'own'],
  ['v2 with extensions', binaryHeader({ extensions: extension(0x02, Buffer.from('app.example')) }), '203.0.113.9'],
  ['v2 with extensions that are none', binaryHeader({ extensions: Buffer.from([1, 255, 255]) }), '203.0.113.9'],
  ['v2, 4 KiB', binaryHeader({ extensions: Buffer.alloc(4096 - 28) }), '203.0.113.9'],
]

for (const [name, header, source] of WHOLE) {
  const bytes = typeof header === 'string' ? latin1(header) : header
  test(`PROXY: ${name}`, () => {
    const read = readProxyHeader(bytes)
    assert.deepEqual(read, { kind: 'complete', length: bytes.length, source: source === 'own' ? undefined : source })
    for (const after of [
      'G',
      'GET / HTTP/1.1\r\n\r\n',
      '\x16\x03\x01',
      '\r\n',
      'PROXY UNKNOWN\r\n',
      '\0'.repeat(5000),
    ]) {
      assert.deepEqual(readProxyHeader(Buffer.concat([bytes, latin1(after)])), read)
    }
    for (let length = 0; length < bytes.length; length++) {
      assert.deepEqual(readProxyHeader(bytes.subarray(0, length)), { kind: 'incomplete' }, `${length} bytes of it`)
    }
  })
}

const MALFORMED: [name: string, bytes: Buffer | string][] = [
  ['HTTP', 'GET / HTTP/1.1\r\n'],
  ['one byte of HTTP', 'G'],
  ['TLS', '\x16\x03\x01'],
  ['POST, which begins like it', 'PO'],
  ['lower case', 'proxy'],
  ['a blank before', ' PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n'],
  ['no blank behind PROXY', 'PROXY\r\n'],
  ['nothing but PROXY', 'PROXY \r\n'],
  ['an unknown family', 'PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n'],
  ['TCP4 in lower case', 'PROXY tcp4 1.2.3.4 5.6.7.8 1 2\r\n'],
  ['two blanks', 'PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n'],
  ['a blank at the end', 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n'],
  ['a tab', 'PROXY TCP4 1.2.3.4\t5.6.7.8 1 2\r\n'],
  ['a field more', 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n'],
  ['a field less', 'PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n'],
  ['no fields', 'PROXY TCP4\r\n'],
  ['IPv6 as TCP4', 'PROXY TCP4 ::1 ::1 1 2\r\n'],
  ['IPv4 as TCP6', 'PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n'],
  ['short IPv4', 'PROXY TCP4 127.1 5.6.7.8 1 2\r\n'],
  ['octal IPv4', 'PROXY TCP4 0177.0.0.1 5.6.7.8 1 2\r\n'],
  ['a zone', 'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n'],
  ['brackets', 'PROXY TCP6 [::1] ::1 1 2\r\n'],
  ['a bad destination', 'PROXY TCP4 1.2.3.4 x 1 2\r\n'],
  ['a port above 65535', 'PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n'],
  ['a port with a zero before', 'PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n'],
  ['a negative port', 'PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n'],
  ['an empty port', 'PROXY TCP4 1.2.3.4 5.6.7.8  2\r\n'],
  ['a bare line feed', 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n'],
  ['a bare carriage return', 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rG'],
  ['NUL', 'PROXY TCP4 1.2.3.4\0 5.6.7.8 1 2\r\n'],
  ['a byte above ASCII', 'PROXY UNKNOWN \xff\r\n'],
  ['108 bytes', `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`],
  ['107 bytes without an end', `PROXY UNKNOWN ${'x'.repeat(93)}`],
  ['107 bytes, half an end', `PROXY UNKNOWN ${'x'.repeat(92)}\r`],
  ['v2, a signature of another', '\r\n\r\n\0\r\nQUIX'],
  ['v2, version 1', binaryHeader({ command: 0x11 })],
  ['v2, version 3', binaryHeader({ command: 0x31 })],
  ['v2, an unknown command', binaryHeader({ command: 0x22 })],
  ['v2, datagrams', binaryHeader({ family: 0x12 })],
  ['v2, datagrams of INET6', binaryHeader({ family: 0x22, addresses: Buffer.alloc(36) })],
  ['v2, datagrams of UNIX', binaryHeader({ family: 0x32, addresses: Buffer.alloc(216) })],
  ['v2, INET of no transport', binaryHeader({ family: 0x10 })],
  ['v2, a stream of no family', binaryHeader({ family: 0x01 })],
  ['v2, an unknown family', binaryHeader({ family: 0x41, addresses: Buffer.alloc(216) })],
  ['v2, too short for INET', binaryHeader({ length: 11 })],
  ['v2, too short for INET6', binaryHeader({ family: 0x21 })],
  ['v2, too short for UNIX', binaryHeader({ family: 0x31 })],
  ['v2, no bytes at all', binaryHeader({ addresses: Buffer.alloc(0) })],
  ['v2, more than 4 KiB', binaryHeader({ length: 4081 })],
  ['v2, 65535 bytes', binaryHeader({ length: 65535 })],
  ['v2, LOCAL of 65535 bytes', binaryHeader({ command: 0x20, length: 65535 })],
]

for (const [name, given] of MALFORMED) {
  test(`PROXY, malformed: ${name}`, () => {
    const bytes = typeof given === 'string' ? latin1(given) : given
    assert.equal(readProxyHeader(bytes).kind, 'malformed')
  })
}

test('what is malformed is so at the first byte that shows it', () => {
  const cases: [bytes: Buffer, length: number][] = [
    [binaryHeader({ command: 0x11 }), 13],
    [binaryHeader({ family: 0x12 }), 14],
    [binaryHeader({ length: 65535 }), 16],
    [latin1('PROXX'), 5],
  ]
  for (const [bytes, length] of cases) {
    assert.equal(readProxyHeader(bytes.subarray(0, length - 1)).kind, 'incomplete')
    assert.equal(readProxyHeader(bytes.subarray(0, length)).kind, 'malformed')
  }
})

/** What a well-behaved balancer would have to send, whole, read in the most obvious way. */
function naive(line: string): string | undefined {
  const [, family, source = ''] = /^PROXY (TCP4|TCP6) (\S+) (\S+) (\d+) (\d+)\r\n$/.exec(line) ?? []
  return family === `TCP${isIP(source)}` ? source : undefined
}

test('property: a line is read as the obvious pattern reads it', () => {
  const field = fc.constantFrom('PROXY', 'TCP4', 'TCP6', 'UNKNOWN', '1.2.3.4', '2001:db8::1', '0', '80', '65535', 'x')
  const address = fc.constantFrom('1.2.3.4', '2001:db8::1', '::', 'x')
  const regular = fc
    .tuple(fc.constantFrom('TCP4', 'TCP6'), address, address, fc.nat(70_000), fc.nat(70_000))
    .map((fields) => `PROXY ${fields.join(' ')}\r\n`)
  const any = fc.array(field, { maxLength: 7 }).map((fields) => `PROXY ${fields.join(' ')}\r\n`)
  fc.assert(
    fc.property(fc.oneof(regular, any), (line) => {
      const read = readProxyHeader(latin1(line))
      if (read.kind === 'complete' && read.source !== undefined) assert.equal(naive(line), read.source)
      else if (line.startsWith('PROXY UNKNOWN')) assert.equal(read.kind, 'complete')
      else assert.ok(read.kind === 'malformed', line)
    }),
    { numRuns: 3000 },
  )
})

test('property: more bytes never change a conclusion, and none is longer than 4 KiB', () => {
  const lying = fc
    .record({
      command: fc.nat(255),
      family: fc.nat(255),
      length: fc.nat(65_535),
      addresses: fc.uint8Array({ maxLength: 300 }),
    })
    .map(({ addresses, ...rest }) => binaryHeader({ ...rest, addresses: Buffer.from(addresses) }))
  const known = fc
    .record({ command: fc.constantFrom(0x20, 0x21), family: fc.constantFrom(0, 0x11, 0x21, 0x31), size: fc.nat(400) })
    .map(({ command, family, size }) => binaryHeader({ command, family, addresses: Buffer.alloc(size, 1) }))
  const text = fc.string({ unit: fc.constantFrom(...'PROXY TCP4U12. :\r\n\0'), maxLength: 120 }).map(latin1)
  fc.assert(
    fc.property(fc.oneof(lying, known, text), fc.nat(400), (bytes, cut) => {
      const whole = readProxyHeader(bytes)
      const part = readProxyHeader(bytes.subarray(0, cut))
      if (part.kind !== 'incomplete') assert.deepEqual(part.kind, whole.kind)
      if (part.kind === 'complete') assert.deepEqual(part, whole)
      if (whole.kind === 'complete') assert.ok(whole.length <= 4096 && whole.length <= bytes.length)
    }),
    { numRuns: 3000 },
  )
})

test('property: every IPv4 address of version 2 is read back', () => {
  fc.assert(
    fc.property(fc.ipV4(), (ip) => {
      const read = readProxyHeader(binaryHeader({ addresses: ipv4Block(ip) }))
      assert.equal(read.kind === 'complete' && read.source, ip)
    }),
  )
})
