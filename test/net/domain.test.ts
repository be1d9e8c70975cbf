import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileDomain, domainAllows, parentHost, parseAllowedDomains } from '../../src/net/domain.ts'

const judged: [entry: string, host: string, port: number | undefined, expected: boolean][] = [
  ['example.com', 'example.com', 443, true],
  ['example.com', 'a.example.com', 443, true],
  ['example.com', 'a.b.example.com', undefined, true],
  ['example.com', 'evil-example.com', 443, false],
  ['example.com', 'evilexample.com', 443, false],
  ['example.com', 'example.com.evil', 443, false],
  ['example.com', 'com', 443, false],
  ['a.example.com', 'example.com', 443, false],
  ['*.example.com', 'a.example.com', 443, true],
  ['*.example.com', 'a.b.example.com', 443, true],
  ['*.example.com', 'example.com', 443, false],
  ['*.example.com', 'evil-example.com', 443, false],
  ['*.example.com', 'a.example.com.evil', 443, false],
  ['Example.COM.', 'a.example.com', 443, true],
  ['bücher.example', 'www.xn--bcher-kva.example', 443, true],
  ['example.com:8443', 'example.com', 8443, true],
  ['example.com:8443', 'a.example.com', 8443, true],
  ['example.com:8443', 'example.com', 443, false],
  ['example.com:8443', 'example.com', undefined, false],
  ['*.example.com:8443', 'a.example.com', 8443, true],
  ['localhost', 'localhost', 3000, true],
  ['localhost', 'app.localhost', 3000, true],
  ['com', 'example.com', 443, true],
  ['1.2.3.4', '1.2.3.4', 80, true],
  ['1.2.3.4', '9.1.2.3.4', 80, false],
  ['1.2.3.4', 'a.1.2.3.4', 80, false],
  ['2.3.4', '1.2.3.4', 80, false],
  ['4', '1.2.3.4', 80, false],
  ['*.3.4', '1.2.3.4', 80, false],
  ['*.1.2.3.4', '1.2.3.4', 80, false],
  ['127.1', '127.0.0.1', 80, false],
  ['[2001:DB8::1]', '2001:db8::1', 443, true],
  ['[2001:db8::1]:8443', '2001:db8::1', 443, false],
]

for (const [entry, host, port, expected] of judged) {
  test(`${entry} ${expected ? 'covers' : 'does not cover'} ${host} on ${port ?? 'an unknown port'}`, () => {
    assert.equal(domainAllows([entry], host, port), expected)
    assert.equal(domainAllows(['*', 'other.example', entry], host, port), expected)
  })
}

const nothing = [
  '',
  '*',
  '.',
  '*.',
  '*.*',
  '*.*.example.com',
  '**.example.com',
  'a.*.example.com',
  'example.*',
  '*example.com',
  '.example.com',
  'example..com',
  'https://example.com',
  'example.com/',
  'user@example.com',
  'example.com:*',
  'example.com:0',
  'a.com,b.com',
  ' example.com',
  'example.com\0',
  '%2a.example.com',
  '*.[::1]',
  '*.1.2.3.4',
]

for (const entry of nothing) {
  test(`an entry ${JSON.stringify(entry)} covers nothing`, () => {
    assert.equal(compileDomain(entry), undefined)
    for (const host of ['example.com', 'a.example.com', 'a.b.com', 'com', '1.2.3.4', '::1', '']) {
      assert.equal(domainAllows([entry], host, 443), false)
    }
  })
}

test('an empty list allows nothing', () => assert.equal(domainAllows([], 'example.com', 443), false))

test('a domain covers exactly itself and what ends in its labels', () => {
  const label = fc.constantFrom('a', 'b', 'aa', 'x-a')
  const name = fc.array(label, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(name, name, fc.boolean(), (domain, host, wildcard) => {
      const below = host.length > domain.length
      const tail = host.slice(-domain.length)
      const ends = tail.length === domain.length && tail.every((part, index) => part === domain[index])
      const entry = (wildcard ? '*.' : '') + domain.join('.')
      assert.equal(domainAllows([entry], host.join('.')), ends && (below || !wildcard))
    }),
    { numRuns: 1000 },
  )
})

const claims: [name: string, claim: unknown, expected: string[] | undefined][] = [
  ['array', ['a.example', '*.b.example'], ['a.example', '*.b.example']],
  ['comma-separated', 'a.example,b.example', ['a.example', 'b.example']],
  ['blanks and empty entries', ' a.example , ,b.example,', ['a.example', 'b.example']],
  ['blanks in an array', [' a.example ', ''], ['a.example']],
  ['one', 'a.example', ['a.example']],
  ['empty text', '', []],
  ['empty array', [], []],
  ['absent', undefined, undefined],
  ['null', null, undefined],
  ['number', 7, undefined],
  ['true', true, undefined],
  ['object', { 0: 'a.example', length: 1 }, undefined],
  ['array with a number', ['a.example', 7], undefined],
  ['nested array', [['a.example']], undefined],
  ['1000 entries', Array(1000).fill('a.example'), Array(1000).fill('a.example')],
  ['1001 entries', Array(1001).fill('a.example'), undefined],
  ['1001 entries in text', Array(1001).fill('a.example').join(), undefined],
]

for (const [name, claim, expected] of claims) {
  test(`allowed_domains: ${name}`, () => assert.deepEqual(parseAllowedDomains(claim), expected))
}

const parents: [text: string, host: string | undefined, port?: number][] = [
  ['https://shop.example', 'shop.example', 443],
  ['http://shop.example', 'shop.example', 80],
  ['https://shop.example:8443', 'shop.example', 8443],
  ['shop.example', 'shop.example'],
  ['Shop.Example.:8443', 'shop.example', 8443],
  ['capacitor://localhost', 'localhost'],
  ['https://[::1]', '::1', 443],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['', undefined],
  ['null', undefined],
  ['https://shop.example/', undefined],
  ['https://shop.example/page', undefined],
  ['https://evil.example\\@shop.example', undefined],
  ['evil.example/shop.example', undefined],
  ['shop.example@evil.example', undefined],
  ['*', undefined],
  ['*.shop.example', undefined],
  ['https%3A%2F%2Fshop.example', undefined],
]

for (const [text, host, port] of parents) {
  test(`parentHost: ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parentHost(text), host === undefined ? undefined : { host, port })
  })
}

test('hostile claims and parents never throw', () => {
  fc.assert(
    fc.property(fc.anything(), fc.string({ unit: 'binary' }), (claim, text) => {
      const entries = parseAllowedDomains(claim) ?? [text]
      const parent = parentHost(text)
      assert.equal(typeof domainAllows(entries, parent?.host ?? text, parent?.port), 'boolean')
    }),
    { numRuns: 1000 },
  )
})
