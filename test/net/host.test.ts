import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileHosts, isAddress, matchesHost, parseHost, parseHostPattern } from '../../src/net/host.ts'

const good: [text: string, host: string, port?: number][] = [
  ['example.com', 'example.com'],
  ['Example.COM', 'example.com'],
  ['example.com.', 'example.com'],
  ['example.com.:8443', 'example.com', 8443],
  ['example.com:80', 'example.com', 80],
  ['localhost:65535', 'localhost', 65535],
  ['my_service:1', 'my_service', 1],
  ['1.2.3.4', '1.2.3.4'],
  ['1.2.3.4:80', '1.2.3.4', 80],
  ['1.2.3.4.', '1.2.3.4'],
  ['[::1]', '::1'],
  ['[2001:DB8:0::1]:443', '2001:db8::1', 443],
  ['[::ffff:1.2.3.4]', '1.2.3.4'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['BÜCHER.example:8080', 'xn--bcher-kva.example', 8080],
  ['XN--BCHER-KVA.example', 'xn--bcher-kva.example'],
  ['faß.de', 'xn--fa-hia.de'],
  ['ｅｘａｍｐｌｅ．com', 'example.com'],
  ['bücher。example。', 'xn--bcher-kva.example'],
  ['1.example', '1.example'],
  ['0x1.example', '0x1.example'],
  [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
]

for (const [text, host, port] of good) {
  test(`parseHost: ${text}`, () => assert.deepEqual(parseHost(text), { host, port }))
}

const bad = [
  '',
  '.',
  '..',
  'a..b',
  '.example.com',
  'example.com..',
  'bücher.example。。',
  'user@example.com',
  'user:pass@example.com',
  'example.com@evil.example',
  'example.com\\evil.example',
  'example.com/',
  'example.com?x',
  'example.com#x',
  'example%2ecom',
  'exam ple.com',
  ' example.com',
  'example.com ',
  'example.com\n',
  'exa\tmple.com',
  'bü\tcher.example',
  'bü\ncher.example',
  'example.com\0',
  'example.com\x7f',
  'example.com\u0085',
  '*.example.com',
  'bü*.example',
  'a,b',
  'example.com:',
  'example.com:0',
  'example.com:080',
  'example.com:65536',
  'example.com:100000',
  'example.com:-1',
  'example.com:80:80',
  'example.com:８０',
  ':80',
  '::1',
  '2001:db8::1',
  '[::1',
  '::1]',
  '[::1]]',
  '[::1]80',
  '[::1]:',
  '[::1%eth0]',
  '[::1%25eth0]',
  '[1.2.3.4]',
  '[]',
  '[example.com]',
  // What a browser would read as 127.0.0.1 or refuse, spelled as no address is spelled.
  '127.1',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '0177.0.0.1',
  '1.2.3.256',
  '1.2.3.4.5',
  'example.1',
  'example.0x1',
  '１２７.1',
  'exａmple／evil.example',
  'example.com％2f',
  'bad\ud800.example',
  `${'a'.repeat(64)}.example`,
  `${'a.'.repeat(127)}aa`,
  'a'.repeat(100_000),
]

for (const text of bad) {
  test(`parseHost refuses ${JSON.stringify(text.slice(0, 40))}`, () => assert.equal(parseHost(text), undefined))
}

test('a parsed host is plain ASCII and its own canonical form, and no text throws', () => {
  const near = fc.string({ unit: fc.constantFrom(...'aZ0-_.:[]%@/\\*üß。．１İ\u00ad\u200d\0 '), maxLength: 20 })
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.domain(),
        fc.ipV6().map((ip) => `[${ip}]`),
        near,
      ),
      (text) => {
        const parsed = parseHost(text)
        if (!parsed) return
        assert.match(parsed.host, /^(?:[a-z0-9_.-]+|[0-9a-f:]+)$/)
        const again = parseHost(parsed.host.includes(':') ? `[${parsed.host}]` : parsed.host)
        assert.deepEqual(again, { host: parsed.host, port: undefined })
      },
    ),
    { numRuns: 3000 },
  )
})

test('addresses are told from names', () => {
  assert.deepEqual(['1.2.3.4', '::1', 'localhost', '1.example'].map(isAddress), [true, true, false, false])
})

const listed: [entry: string, host: string, port: number, expected: boolean][] = [
  ['widget.example.com', 'widget.example.com', 443, true],
  ['widget.example.com', 'widget.example.com', 8443, true],
  ['Widget.Example.COM.', 'widget.example.com', 443, true],
  ['widget.example.com', 'a.widget.example.com', 443, false],
  ['widget.example.com', 'evil-widget.example.com', 443, false],
  ['widget.example.com', 'widget.example.com.evil', 443, false],
  ['widget.example.com:8443', 'widget.example.com', 8443, true],
  ['widget.example.com:8443', 'widget.example.com', 443, false],
  ['*.example.com', 'a.example.com', 443, true],
  ['*.example.com', 'a.b.example.com', 443, true],
  ['*.example.com', 'example.com', 443, false],
  ['*.example.com', 'evilexample.com', 443, false],
  ['*.example.com:8443', 'a.example.com', 8443, true],
  ['*.example.com:8443', 'a.example.com', 443, false],
  ['*.localhost', 'widget.localhost', 8080, true],
  ['1.2.3.4', '1.2.3.4', 80, true],
  ['[::1]:8080', '::1', 8080, true],
  ['bücher.example', 'xn--bcher-kva.example', 443, true],
]

for (const [entry, host, port, expected] of listed) {
  test(`host ${entry} ${expected ? 'is' : 'is not'} ${host} on ${port}`, () => {
    assert.equal(compileHosts(['other.example', entry])(host, port), expected)
  })
}

test('no entry matches nothing', () => assert.equal(compileHosts([])('example.com', 443), false))

test('a pattern with a port never matches an unknown one', () => {
  const pattern = parseHostPattern('example.com:8443')
  assert.ok(pattern)
  assert.equal(matchesHost(pattern, 'example.com', undefined), false)
})

const problems: [entry: string, message: RegExp][] = [
  ['https://widget.example.com', /without a scheme, did you mean "widget\.example\.com"\?$/],
  ['https://*.example.com:8443/x', /did you mean "\*\.example\.com:8443"\?$/],
  ['*', /^\*: expected a host such as/],
  ['', /expected a host such as/],
  ['a.*.com', /expected a host such as/],
  ['*.1.2.3.4', /expected a host such as/],
  ['widget.example.com/path', /expected a host such as/],
  ['widget.example.com:*', /expected a host such as/],
]

for (const [entry, message] of problems) {
  test(`compileHosts refuses "${entry}"`, () => assert.throws(() => compileHosts([entry]), { name: 'Error', message }))
}
