import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileOrigin, compileOrigins, parseOrigin } from '../../src/net/origin.ts'

const good: [text: string, scheme: string, host: string, port: number][] = [
  ['https://app.example.com', 'https', 'app.example.com', 443],
  ['http://app.example.com', 'http', 'app.example.com', 80],
  ['HTTPS://App.Example.com.', 'https', 'app.example.com', 443],
  ['https://app.example.com:8443', 'https', 'app.example.com', 8443],
  ['http://[2001:db8::1]:3000', 'http', '2001:db8::1', 3000],
  ['http://127.0.0.1', 'http', '127.0.0.1', 80],
  ['https://bücher.example', 'https', 'xn--bcher-kva.example', 443],
  ['chrome-extension://abcdefghijklmnopabcdefghijklmnop', 'chrome-extension', 'abcdefghijklmnopabcdefghijklmnop', 0],
  ['capacitor://localhost', 'capacitor', 'localhost', 0],
  ['capacitor://localhost:8080', 'capacitor', 'localhost', 8080],
]

for (const [text, scheme, host, port] of good) {
  test(`parseOrigin: ${text}`, () => assert.deepEqual(parseOrigin(text), { scheme, host, port }))
}

// Trap 27.
const bad = [
  '',
  'null',
  'app.example.com',
  '//app.example.com',
  '://app.example.com',
  'https:app.example.com',
  'https:/app.example.com',
  'https:///app.example.com',
  'https://',
  'https://app.example.com/',
  'https://app.example.com/path',
  'https://app.example.com?x',
  'https://app.example.com#x',
  'https://user@app.example.com',
  'https://app.example.com@evil.example',
  'https://app.example.com\\.evil.example',
  'https:\\\\app.example.com',
  'https://app.example.com%2eevil.example',
  'https://app.example.com\0.evil.example',
  'https://app.example.com\r\n',
  'https://app.example.com\n',
  '\nhttps://app.example.com',
  ' https://app.example.com',
  'https://app.example.com ',
  'https://app.example.com, https://evil.example',
  'https://app.example.com https://evil.example',
  'https://app.example.com:',
  'https://app.example.com:0',
  'https://app.example.com:65536',
  'https://*.example.com',
  'https://127.1',
  'https://2130706433',
  'https://2001:db8::1',
  'blob:https://app.example.com',
  'view-source:https://app.example.com',
  '1https://app.example.com',
  'file://',
  `https://${'a'.repeat(100_000)}`,
  `${'a'.repeat(100_000)}://app.example.com`,
]

for (const text of bad) {
  test(`parseOrigin refuses ${JSON.stringify(text.slice(0, 50))}`, () => assert.equal(parseOrigin(text), undefined))
}

const judged: [name: string, patterns: string[], origin: string, host: string, expected: boolean][] = [
  ['exact', ['https://app.example.com'], 'https://app.example.com', '', true],
  ['default port in the setting', ['https://app.example.com:443'], 'https://app.example.com', '', true],
  ['default port in the header', ['http://app.example.com'], 'http://app.example.com:80', '', true],
  ['case, final dot', ['https://App.Example.com'], 'https://app.example.com.', '', true],
  ['another scheme', ['https://app.example.com'], 'http://app.example.com', '', false],
  ['another scheme on the same port', ['https://app.example.com'], 'http://app.example.com:443', '', false],
  ['another port', ['https://app.example.com'], 'https://app.example.com:8443', '', false],
  ['its port', ['https://app.example.com:8443'], 'https://app.example.com:8443', '', true],
  ['a port wanted', ['https://app.example.com:8443'], 'https://app.example.com', '', false],
  ['prefix', ['https://app.example.com'], 'https://evil-app.example.com', '', false],
  ['suffix', ['https://app.example.com'], 'https://app.example.com.evil.example', '', false],
  ['subdomain of an exact one', ['https://example.com'], 'https://app.example.com', '', false],
  ['dot is a dot', ['https://app.example.com'], 'https://appxexample.com', '', false],
  ['wildcard', ['https://*.example.com'], 'https://app.example.com', '', true],
  ['wildcard, any depth', ['https://*.example.com'], 'https://a.b.c.example.com', '', true],
  ['wildcard, not the apex', ['https://*.example.com'], 'https://example.com', '', false],
  ['wildcard, not a like name', ['https://*.example.com'], 'https://evilexample.com', '', false],
  ['wildcard, not another parent', ['https://*.example.com'], 'https://app.example.com.evil.example', '', false],
  ['wildcard, scheme', ['https://*.example.com'], 'http://app.example.com', '', false],
  ['wildcard, scheme on the same port', ['https://*.example.com'], 'http://app.example.com:443', '', false],
  ['wildcard, port', ['https://*.example.com'], 'https://app.example.com:8443', '', false],
  ['wildcard with a port', ['https://*.example.com:8443'], 'https://app.example.com:8443', '', true],
  ['IDN', ['https://*.bücher.example'], 'https://a.xn--bcher-kva.example', '', true],
  ['IPv6', ['http://[::1]:3000'], 'http://[0:0:0:0:0:0:0:1]:3000', '', true],
  ['extension', ['chrome-extension://abcdefgh'], 'chrome-extension://abcdefgh', '', true],
  ['another extension', ['chrome-extension://abcdefgh'], 'chrome-extension://hgfedcba', '', false],
  ['null, listed', ['null'], 'null', '', true],
  ['null, not listed', ['https://app.example.com', 'same'], 'null', 'null', false],
  ['null in capitals', ['null'], 'NULL', '', false],
  ['the word same is no origin', ['same'], 'same', 'same', false],
  ['one of several', ['null', 'https://a.example', 'https://b.example'], 'https://b.example', '', true],
  ['two origins in one line', ['https://a.example'], 'https://a.example https://a.example', '', false],
  ['empty', ['https://a.example', 'null', 'same'], '', '', false],
  ['nothing allowed', [], 'https://a.example', 'a.example', false],
  ['same', ['same'], 'https://app.example.com', 'app.example.com', true],
  ['same, case and final dot', ['same'], 'https://app.example.com', 'APP.example.com.', true],
  ['same, default port of the Origin', ['same'], 'https://app.example.com', 'app.example.com:443', true],
  ['same, http', ['same'], 'http://app.example.com', 'app.example.com:80', true],
  ['same, port', ['same'], 'http://app.example.com:3000', 'app.example.com:3000', true],
  ['same, another port', ['same'], 'http://app.example.com:3000', 'app.example.com', false],
  ['same, port of the other scheme', ['same'], 'http://app.example.com', 'app.example.com:443', false],
  ['same, another host', ['same'], 'https://evil.example', 'app.example.com', false],
  ['same, subdomain', ['same'], 'https://a.app.example.com', 'app.example.com', false],
  ['same, no page', ['same'], 'capacitor://localhost', 'localhost', false],
  ['same, no Host', ['same'], 'https://app.example.com', '', false],
  ['same, a broken Host', ['same'], 'https://app.example.com', 'app.example.com/', false],
  ['same, IPv6', ['same'], 'http://[::1]:8080', '[::1]:8080', true],
  ['Host without same', ['https://a.example'], 'https://app.example.com', 'app.example.com', false],
]

for (const [name, patterns, origin, host, expected] of judged) {
  test(`origin.allow: ${name}`, () => assert.equal(compileOrigins(patterns)(origin, host), expected))
}

const problems: [pattern: string, message: RegExp][] = [
  ['app.example.com', /^app\.example\.com: an origin needs a scheme, did you mean "https:\/\/app\.example\.com"\?$/],
  ['*.example.com', /needs a scheme, did you mean "https:\/\/\*\.example\.com"\?$/],
  ['localhost:3000', /needs a scheme/],
  ['*', /^\*: would allow every site: list the origins/],
  ['https://*', /a wildcard is the whole first label/],
  ['https://*.', /a wildcard is the whole first label/],
  ['https://*example.com', /a wildcard is the whole first label/],
  ['https://a.*.example.com', /a wildcard is the whole first label/],
  ['https://*.*.example.com', /a wildcard is the whole first label/],
  ['https://app.example.com:*', /wildcard/],
  ['*://app.example.com', /wildcard/],
  ['chrome-extension://*', /wildcard/],
  ['https://*.1.2.3.4', /an address has no subdomains/],
  ['https://app.example.com/', /did you mean "https:\/\/app\.example\.com"\?$/],
  ['https://*.example.com/chat?x=1', /did you mean "https:\/\/\*\.example\.com"\?$/],
  ['wss://app.example.com', /did you mean "https:\/\/app\.example\.com"\?$/],
  ['ws://app.example.com:8080', /did you mean "http:\/\/app\.example\.com:8080"\?$/],
  ['', /expected an origin such as/],
  ['https://', /expected an origin such as/],
  ['https://user@app.example.com', /expected an origin such as/],
  ['^https://.+$', /expected an origin such as/],
]

for (const [pattern, message] of problems) {
  test(`origin.allow refuses "${pattern}"`, () => {
    assert.throws(() => compileOrigin(pattern), { name: 'Error', message })
  })
}

test('every suggestion is a pattern that compiles', () => {
  for (const [pattern] of problems) {
    assert.throws(
      () => compileOrigin(pattern),
      (error: Error) => {
        const meant = /did you mean "(.+)"\?$/.exec(error.message)?.[1]
        if (meant !== undefined) compileOrigin(meant)
        return true
      },
    )
  }
})

test('an origin that the URL parser prints is read as the URL parser reads it', () => {
  fc.assert(
    fc.property(fc.webUrl({ validSchemes: ['http', 'https'] }), (text) => {
      const url = new URL(text)
      const origin = parseOrigin(url.origin)
      const port = url.port === '' ? { 'http:': 80, 'https:': 443 }[url.protocol] : Number(url.port)
      assert.deepEqual(origin, { scheme: url.protocol.slice(0, -1), host: url.hostname, port })
    }),
  )
})

test('hostile headers never throw', () => {
  const allows = compileOrigins(['same', 'https://*.example.com', 'https://app.example.com'])
  const near = fc.string({ unit: fc.constantFrom(...'htps:/.@[]%aü*\0 1'), maxLength: 30 })
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), near), near, (origin, host) => {
      assert.equal(typeof allows(origin, host), 'boolean')
    }),
  )
})
