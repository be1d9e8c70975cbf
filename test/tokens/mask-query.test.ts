import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { maskQuery } from '../../src/tokens/mask-query.ts'
import { nameMatcher } from '../../src/tokens/query.ts'

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl'

const TABLE: readonly [string, string][] = [
  ['', ''],
  ['a=1&b=%7e', 'a=1&b=%7e'],
  ['site_token=hunter2&a=1', 'site_token=***&a=1'],
  ['Site%5FToken=hunter2', 'Site%5FToken=***'],
  ['site_token[]=hunter2', 'site_token[]=***'],
  ['site_token=hun;ter2', 'site_token=***'],
  ['a=1;site_token=hunter2', 'a=1;site_token=***'],
  [`a=${JWT}`, 'a=***'],
  [`a=x%20${JWT}`, 'a=***'],
  [`a=${JWT.replaceAll('.', '%2e')}`, 'a=***'],
  [`a=${encodeURIComponent(encodeURIComponent(`/next?token=${JWT}`)).replace('ey', '%65%79')}`, 'a=***'],
  [`a=${JWT.slice(0, 15)}`, 'a=***'],
  [JWT, '***'],
  ...['{ "alg":"HS256"}', '{\n"alg":"HS256"}', '{\r\n "alg":"HS256"}', '{\t"alg":"HS256"}', '{  "alg":"HS256"}'].map(
    (header): [string, string] => [`a=${Buffer.from(header).toString('base64url')}.e30.c2ln`, 'a=***'],
  ),
  ['eyebrow=ewok_jamboree&monkeyAndYou=new0Houses', 'eyebrow=ewok_jamboree&monkeyAndYou=new0Houses'],
  ['site.token=hunter2&site+token=hunter2', 'site.token=***&site+token=***'],
  [`${JWT}=1`, '***'],
  [`site_token[${JWT}]=1`, '***'],
  ['a=\r\n\0\x1b[31m\x7fé\u2028', 'a=????[31m???'],
]

describe('a query in a log line', () => {
  for (const [query, expected] of TABLE) {
    test(JSON.stringify(query), () => assert.equal(maskQuery(query, nameMatcher(['site_token'])), expected))
  }

  test('a token is masked before the line is cut', () => {
    const line = maskQuery(`${'a'.repeat(2_030)}&b=${JWT}`, nameMatcher([]))
    assert.ok(line.length <= 2_048)
    assert.ok(!line.includes('eyJ'))
  })

  test('is bounded, printable and free of the secret, whatever stands around it', () => {
    const noise = fc.string({
      unit: fc.constantFrom('&', '=', ';', '%', '25', 'a', '+', '[', ']', '.', '\0', 'é', 'eyJ'),
    })
    fc.assert(
      fc.property(noise, noise, (before, after) => {
        const line = maskQuery(
          `${before}&site_token=hunter2${after.replaceAll('&', '')}&x=${JWT}`,
          nameMatcher(['site_token']),
        )
        assert.match(line, /^[\x20-\x7e]{0,2048}$/)
        assert.ok(!line.includes('hunter2') && !line.includes('c2lnbmF0'), line)
      }),
    )
  })

  test('costs little, however it is built', () => {
    const started = process.hrtime.bigint()
    for (const query of ['eyJ'.repeat(5_000), '&'.repeat(16_000), `a=${'eyJa'.repeat(4_000)}`])
      maskQuery(query, nameMatcher(['t']))
    assert.ok(process.hrtime.bigint() - started < 1_000_000_000n)
  })
})
