import assert from 'node:assert/strict'
import { test } from 'node:test'
import { origin } from '../../src/checks/origin.ts'
import { conclusion, handshakeCheck } from '../support/check.ts'
import { connection } from '../support/connection.ts'

const APP = ['https://app.example.com']
const SUBDOMAINS = ['https://*.example.com']
const PORT = ['https://app.example.com:8443']

const CASES: [name: string, allow: string[], origin: string | string[], expected: string][] = [
  ['exact', APP, 'https://app.example.com', 'pass'],
  ['exact, other case', APP, 'HTTPS://App.Example.COM', 'pass'],
  ['exact, default port written out', APP, 'https://app.example.com:443', 'pass'],
  ['exact, trailing dot', APP, 'https://app.example.com.', 'pass'],
  ['one of several', ['https://a.example', ...APP], 'https://app.example.com', 'pass'],
  ['other scheme', APP, 'http://app.example.com', 'origin_not_allowed'],
  ['other port', APP, 'https://app.example.com:8443', 'origin_not_allowed'],
  ['a subdomain of it', APP, 'https://x.app.example.com', 'origin_not_allowed'],
  ['its parent', APP, 'https://example.com', 'origin_not_allowed'],
  ['as a prefix', APP, 'https://app.example.com.evil.example', 'origin_not_allowed'],
  ['as a suffix', APP, 'https://evilapp.example.com', 'origin_not_allowed'],
  ['with a path', APP, 'https://app.example.com/', 'origin_not_allowed'],
  ['its own port', PORT, 'https://app.example.com:8443', 'pass'],
  ['without its port', PORT, 'https://app.example.com', 'origin_not_allowed'],
  ['wildcard', SUBDOMAINS, 'https://a.example.com', 'pass'],
  ['wildcard, deep', SUBDOMAINS, 'https://a.b.example.com', 'pass'],
  ['wildcard, apex', SUBDOMAINS, 'https://example.com', 'origin_not_allowed'],
  ['wildcard, no label boundary', SUBDOMAINS, 'https://evilexample.com', 'origin_not_allowed'],
  ['wildcard, other port', SUBDOMAINS, 'https://a.example.com:8443', 'origin_not_allowed'],
  ['wildcard, other scheme', SUBDOMAINS, 'http://a.example.com', 'origin_not_allowed'],
  ['wildcard, in front', SUBDOMAINS, 'https://a.example.com.evil.example', 'origin_not_allowed'],
  ['IDN in the setting', ['https://bücher.example'], 'https://xn--bcher-kva.example', 'pass'],
  ['punycode in the setting', ['https://xn--bcher-kva.example'], 'https://xn--bcher-kva.example', 'pass'],
  ['null', APP, 'null', 'origin_not_allowed'],
  ['null, listed', ['null'], 'null', 'pass'],
  ['null is not the host null', ['http://null'], 'null', 'origin_not_allowed'],
  ['same', ['same'], 'http://ws.example', 'pass'],
  ['same, TLS in front', ['same'], 'https://ws.example', 'pass'],
  ['same, other port', ['same'], 'http://ws.example:8080', 'origin_not_allowed'],
  ['same, other host', ['same'], 'http://other.example', 'origin_not_allowed'],
  ['same, null', ['same'], 'null', 'origin_not_allowed'],
  ['nothing listed', [], 'https://app.example.com', 'origin_not_allowed'],
  ['two lines', APP, ['https://app.example.com', 'https://evil.example'], 'origin_not_allowed'],
  ['two equal lines', APP, ['https://app.example.com', 'https://app.example.com'], 'origin_not_allowed'],
  ['two in one line', APP, 'https://app.example.com, https://evil.example', 'origin_not_allowed'],
  ['userinfo', APP, 'https://app.example.com@evil.example', 'origin_not_allowed'],
  ['userinfo before it', APP, 'https://evil@app.example.com', 'origin_not_allowed'],
  ['a backslash', APP, 'https://evil.example\\app.example.com', 'origin_not_allowed'],
  ['a control byte', APP, 'https://app.example.com\t', 'origin_not_allowed'],
  ['empty', APP, '', 'origin_not_allowed'],
  ['a bare host', APP, 'app.example.com', 'origin_not_allowed'],
  ['very long', APP, `https://${'a.'.repeat(5000)}example.com`, 'origin_not_allowed'],
]

for (const [name, allow, value, expected] of CASES) {
  test(`origin: ${name}`, async () => {
    const judge = handshakeCheck(origin, { allow })
    assert.equal(conclusion(await judge(connection({ headers: { Origin: value } }))), expected)
  })
}

test('no Origin is refused, unless the setting admits clients that are no browsers', async () => {
  assert.equal(conclusion(await handshakeCheck(origin, { allow: APP })(connection())), 'origin_missing')
  assert.equal(conclusion(await handshakeCheck(origin, { allow: APP, missing: 'allow' })(connection())), 'pass')
})
