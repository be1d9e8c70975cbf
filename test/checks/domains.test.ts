import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domains } from '../../src/checks/domains.ts'
import { detailOf } from '../../src/policy/verdict.ts'
import { conclusion, handshakeCheck } from '../support/check.ts'
import { connection, type Handshake } from '../support/connection.ts'

type Settings = Parameters<typeof handshakeCheck<typeof domains.settings>>[1]

const IFRAME = ['widget.example.com']

function judge(origin: string | string[] | undefined, listed: unknown, more: Handshake = {}, settings: Settings = {}) {
  const headers = { ...more.headers, ...(origin === undefined ? {} : { Origin: origin }) }
  const check = handshakeCheck(domains, { iframeHosts: IFRAME, ...settings })
  return check(connection({ ...more, headers, learned: { claims: { allowed_domains: listed } } }))
}

const DIRECT: [name: string, origin: string | string[], listed: unknown, expected: string][] = [
  ['in an array', 'https://shop.example', ['other.example', 'shop.example'], 'pass'],
  ['in a comma-separated text', 'https://shop.example', 'other.example, shop.example', 'pass'],
  ['one text', 'https://shop.example', 'shop.example', 'pass'],
  ['empty entries between commas', 'https://shop.example', ',, shop.example ,', 'pass'],
  ['a subdomain', 'https://www.shop.example', ['shop.example'], 'pass'],
  ['a deep subdomain', 'https://a.b.shop.example', ['shop.example'], 'pass'],
  ['a wildcard, subdomain', 'https://www.shop.example', ['*.shop.example'], 'pass'],
  ['a wildcard, apex', 'https://shop.example', ['*.shop.example'], 'refused'],
  ['evil-d', 'https://evil-shop.example', ['shop.example'], 'refused'],
  ['evil-d and a wildcard', 'https://evil-shop.example', ['*.shop.example'], 'refused'],
  ['d.evil', 'https://shop.example.evil.example', ['shop.example'], 'refused'],
  ['its parent', 'https://example', ['shop.example'], 'refused'],
  ['another port', 'https://shop.example:8443', ['shop.example'], 'pass'],
  ['a port that is listed', 'https://shop.example:8443', ['shop.example:8443'], 'pass'],
  ['a port that is not', 'https://shop.example', ['shop.example:8443'], 'refused'],
  ['http', 'http://shop.example', ['shop.example'], 'pass'],
  ['upper case in the Origin', 'https://SHOP.example', ['shop.example'], 'pass'],
  ['upper case in the list', 'https://shop.example', ['Shop.Example'], 'pass'],
  ['a trailing dot', 'https://shop.example.', ['shop.example'], 'pass'],
  ['a trailing dot in the list', 'https://shop.example', ['shop.example.'], 'pass'],
  ['IDN', 'https://xn--bcher-kva.example', ['bücher.example'], 'pass'],
  ['an address', 'http://192.0.2.7', ['192.0.2.7'], 'pass'],
  ['an address has no subdomains', 'http://1.192.0.2.7', ['192.0.2.7'], 'refused'],
  ['an empty array', 'https://shop.example', [], 'refused'],
  ['an empty text', 'https://shop.example', '', 'refused'],
  ['an empty entry', 'https://shop.example', [''], 'refused'],
  ['a star', 'https://shop.example', ['*'], 'refused'],
  ['a dot', 'https://shop.example', ['.'], 'refused'],
  ['null', 'https://shop.example', null, 'refused'],
  ['a number', 'https://shop.example', 7, 'refused'],
  ['an object', 'https://shop.example', { 0: 'shop.example' }, 'refused'],
  ['an array of something else', 'https://shop.example', ['shop.example', 7], 'refused'],
  ['Origin null', 'null', ['null'], 'refused'],
  ['two Origin lines', ['https://shop.example', 'https://shop.example'], ['shop.example'], 'refused'],
  ['userinfo', 'https://shop.example@evil.example', ['shop.example'], 'refused'],
  ['a backslash', 'https://evil.example\\.shop.example', ['shop.example'], 'refused'],
  ['a control byte', 'https://shop.example\u0000', ['shop.example'], 'refused'],
  ['a path', 'https://shop.example/', ['shop.example'], 'refused'],
  ['a bare host', 'shop.example', ['shop.example'], 'refused'],
]

const expectedOf = (word: string) => (word === 'refused' ? 'domain_not_allowed' : word)

for (const [name, origin, listed, expected] of DIRECT) {
  test(`direct: ${name}`, async () => {
    const verdict = await judge(origin, listed)
    assert.equal(conclusion(verdict), expectedOf(expected))
    assert.equal(verdict.learned?.type, 'direct')
    assert.equal(verdict.learned?.parentOrigin, undefined)
  })
}

test('direct: parent_origin from a page that is no iframe of ours means nothing', async () => {
  const more = { target: '/ws?parent_origin=https%3A%2F%2Fshop.example' }
  const verdict = await judge('https://evil.example', ['shop.example'], more)
  assert.equal(conclusion(verdict), 'domain_not_allowed')
  assert.deepEqual(verdict.learned, { type: 'direct' })
})

const PARENTS: [name: string, parent: string | undefined, expected: string][] = [
  ['an origin', 'https://shop.example', 'pass'],
  ['a bare host', 'shop.example', 'pass'],
  ['a subdomain', 'https://www.shop.example', 'pass'],
  ['a host and port', 'shop.example:8443', 'pass'],
  ['upper case', 'HTTPS://SHOP.EXAMPLE', 'pass'],
  ['absent', undefined, 'refused'],
  ['empty', '', 'refused'],
  ['null', 'null', 'refused'],
  ['another', 'https://evil.example', 'refused'],
  ['evil-d', 'https://evil-shop.example', 'refused'],
  ['d.evil', 'https://shop.example.evil.example', 'refused'],
  ['userinfo', 'https://shop.example@evil.example', 'refused'],
  ['a path', 'https://shop.example/path', 'refused'],
  ['a backslash', 'https://evil.example\\shop.example', 'refused'],
  ['a line end', 'https://shop.example\n', 'refused'],
  ['encoded twice', 'https%3A%2F%2Fshop.example', 'refused'],
  ['the iframe host itself', 'https://widget.example.com', 'refused'],
]

/** What the log shows of a parent where that is not what was sent. */
const SHOWN: Readonly<Record<string, string>> = {
  userinfo: 'https://***@evil.example',
  'encoded twice': 'https%3A%2F%2Fshop.example',
}

for (const [name, parent, expected] of PARENTS) {
  test(`iframe: parent_origin ${name}`, async () => {
    const target = parent === undefined ? '/ws' : `/ws?parent_origin=${encodeURIComponent(parent)}`
    const verdict = await judge('https://widget.example.com', ['shop.example'], { target })
    assert.equal(conclusion(verdict), expectedOf(expected))
    assert.equal(verdict.learned?.type, 'iframe')
    assert.equal(verdict.learned?.parentOrigin, SHOWN[name] ?? parent?.toLowerCase())
  })
}

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl'

const LEAKS: [name: string, parent: string, shown: string][] = [
  ['a token in its query', `https://shop.example/?t=${JWT}`, 'https://shop.example/'],
  ['a token in its fragment', `https://shop.example/#${JWT}`, 'https://shop.example/'],
  ['a password', 'https://me:hunter2@shop.example/', 'https://***@shop.example/'],
  ['a token in its path', `https://shop.example/${JWT}`, '***'],
  ['a token, encoded', `https://shop.example/${encodeURIComponent(JWT).replace('ey', '%65%79')}`, '***'],
  ['a token whose header has blanks', `${Buffer.from('{ "alg":"HS256" }').toString('base64url')}/`, '***'],
  ['anything long', 'x'.repeat(5000), 'x'.repeat(256)],
]

for (const [name, parent, shown] of LEAKS) {
  test(`iframe: of a parent_origin with ${name} only what may be seen is learned and told`, async () => {
    const target = `/ws?parent_origin=${encodeURIComponent(parent)}`
    const verdict = await judge('https://widget.example.com', ['shop.example'], { target })
    assert.equal(conclusion(verdict), 'domain_not_allowed')
    assert.equal(verdict.learned?.parentOrigin, shown)
    assert.equal(
      verdict.detail,
      `an iframe on a trusted host names no parent: query:parent_origin ${shown} is no origin and no host`,
    )
  })
}

test('iframe: without parent_origin the detail says so, and absent: allow does not help', async () => {
  for (const settings of [{}, { absent: 'allow' }] as const) {
    for (const target of ['/ws', '/ws?parent_origin=https://shop.example/path']) {
      const check = handshakeCheck(domains, { iframeHosts: IFRAME, ...settings })
      const headers = { Origin: 'https://widget.example.com' }
      const verdict = await check(connection({ target, headers, learned: { claims: {} } }))
      assert.equal(conclusion(verdict), 'domain_not_allowed')
      assert.match(detailOf(verdict), /^an iframe on a trusted host names no parent: query:parent_origin /)
    }
  }
  const verdict = await judge('https://widget.example.com', ['shop.example'])
  assert.match(detailOf(verdict), /: query:parent_origin is absent$/)
})

const HOSTS: [name: string, iframeHosts: string[], origin: string, type: string][] = [
  ['any port where none is given', ['widget.example.com'], 'https://widget.example.com:8443', 'iframe'],
  ['http as well', ['widget.example.com'], 'http://widget.example.com', 'iframe'],
  ['the port that is given', ['widget.example.com:8443'], 'https://widget.example.com:8443', 'iframe'],
  ['no other port', ['widget.example.com:8443'], 'https://widget.example.com', 'direct'],
  ['a default port', ['widget.example.com:443'], 'https://widget.example.com', 'iframe'],
  ['not its subdomains', ['widget.example.com'], 'https://x.widget.example.com', 'direct'],
  ['not what begins alike', ['widget.example.com'], 'https://widget.example.com.evil.example', 'direct'],
  ['a wildcard', ['*.widgets.example'], 'https://a.widgets.example', 'iframe'],
  ['none', [], 'https://widget.example.com', 'direct'],
]

for (const [name, iframeHosts, origin, type] of HOSTS) {
  test(`iframe hosts: ${name}`, async () => {
    const verdict = await judge(origin, ['shop.example'], {}, { iframeHosts })
    assert.equal(verdict.learned?.type, type)
  })
}

test('parent_origin may be named in a header or a cookie', async () => {
  for (const [parentOrigin, headers] of [
    ['header:X-Parent', { 'x-parent': 'https://shop.example' }],
    ['cookie:parent', { Cookie: 'parent=shop.example' }],
  ] as const) {
    const verdict = await judge('https://widget.example.com', ['shop.example'], { headers }, { parentOrigin })
    assert.equal(conclusion(verdict), 'pass')
  }
  const query = { target: '/ws?parent_origin=https://shop.example' }
  const elsewhere = await judge('https://widget.example.com', ['shop.example'], query, {
    parentOrigin: 'header:x-parent',
  })
  assert.equal(conclusion(elsewhere), 'domain_not_allowed')
})

const ABSENT: [name: string, claims: Record<string, unknown>, absent: 'reject' | 'allow', expected: string][] = [
  ['absent, rejected', {}, 'reject', 'domain_not_allowed'],
  ['absent, allowed', {}, 'allow', 'pass'],
  ['null is not absent', { allowed_domains: null }, 'allow', 'domain_not_allowed'],
  ['empty is not absent', { allowed_domains: [] }, 'allow', 'domain_not_allowed'],
  ['another claim', { domains: ['shop.example'] }, 'reject', 'domain_not_allowed'],
]

for (const [name, claims, absent, expected] of ABSENT) {
  test(`the claim: ${name}`, async () => {
    const check = handshakeCheck(domains, { absent })
    const verdict = await check(connection({ headers: { Origin: 'https://shop.example' }, learned: { claims } }))
    assert.equal(conclusion(verdict), expected)
  })
}

test('the claim may have another name', async () => {
  const check = handshakeCheck(domains, { claim: 'sites' })
  const headers = { Origin: 'https://shop.example' }
  const verdict = await check(connection({ headers, learned: { claims: { sites: 'shop.example' } } }))
  assert.equal(conclusion(verdict), 'pass')
})

test('an absent claim that is allowed still tells an iframe apart', async () => {
  const check = handshakeCheck(domains, { absent: 'allow', iframeHosts: IFRAME })
  const handshake = { target: '/ws?parent_origin=a.example', headers: { Origin: 'https://widget.example.com' } }
  const verdict = await check(connection({ ...handshake, learned: { claims: {} } }))
  assert.deepEqual(verdict.learned, { type: 'iframe', parentOrigin: 'a.example' })
})

test('without an Origin', async () => {
  assert.equal(conclusion(await judge(undefined, ['shop.example'])), 'origin_missing')
  assert.equal(conclusion(await judge(undefined, ['shop.example'], {}, { missing: 'allow' })), 'pass')
  const claimed = { target: '/ws?parent_origin=shop.example' }
  assert.equal(conclusion(await judge(undefined, ['shop.example'], claimed)), 'origin_missing')
})

test('settings that are no hosts are errors', () => {
  for (const entry of ['https://widget.example.com', '*', 'a b', '*.192.0.2.1']) {
    assert.equal(domains.settings.safeParse({ iframeHosts: [entry] }).success, false, entry)
  }
})

test('domains without a token are an error', () => {
  const settings = domains.settings.parse({})
  assert.equal(domains.problems?.(settings, { params: [], hasToken: false }).length, 1)
  assert.equal(domains.problems?.(settings, { params: [], hasToken: true }).length, 0)
})
