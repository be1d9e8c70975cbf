/** The example configurations: each is loaded, and judges the clients that its comments speak of. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'node:test'
import { assemble } from '../../src/assemble.ts'
import { loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problems.ts'
import { Counts } from '../../src/limits/counts.ts'
import { Limiters } from '../../src/limits/limiters.ts'
import { admitOrWait } from '../../src/policy/admit.ts'
import { describe } from '../../src/proxy/describe.ts'
import { sayNo } from '../../src/proxy/refuse.ts'
import { staticKeySet } from '../../src/tokens/key-set.ts'
import { Revocations } from '../../src/tokens/revocations.ts'
import { TicketTable } from '../../src/tokens/tickets.ts'
import { client, echoBackend } from '../support/backend.ts'
import { NOW } from '../support/connection.ts'
import { startTestProxy } from '../support/proxy.ts'
import { jwk, p256, rsa, SECRET, signToken } from '../tokens/signing.ts'

const FOLDER = new URL('../../config/', import.meta.url)
const KEYS = JSON.stringify({
  keys: [jwk(p256.publicKey, { kid: 'k1', alg: 'ES256' }), jwk(rsa.publicKey, { kid: 'k2', alg: 'RS256' })],
})

const EXAMPLES = globSync('*.yaml', { cwd: FOLDER }).map((file) => basename(file, '.yaml'))

/** An example; every secret file it names holds the same secret. */
function loaded(name: string, env: Record<string, string> = {}) {
  const file = name === '' ? {} : { config: `/config/${name}.yaml` }
  const read = (path: string) =>
    /^\/config\/(?:secrets\/|demo-secret$)/.test(path)
      ? SECRET
      : readFileSync(new URL(path.slice('/config/'.length), FOLDER), 'utf8')
  const result = loadConfig({ env, flags: file, cwd: '/config', readFile: read })
  assert.ok(result.ok, result.ok ? '' : result.problems.map(formatProblem).join('\n'))
  return result
}

for (const name of EXAMPLES) {
  test(`${name}.yaml is a good configuration, without a warning`, () => {
    assert.deepEqual(loaded(name).warnings, [])
  })

  test(`${name}.yaml is short, and says what it is for`, () => {
    const text = readFileSync(new URL(`${name}.yaml`, FOLDER), 'utf8')
    assert.match(text, /^# /)
    assert.ok(text.split('\n').length <= 80)
  })
}

test('the examples that the documentation speaks of are there', () => {
  for (const name of ['widget', 'session-api', 'graphql', 'socketio', 'edge', 'sidecar'])
    assert.ok(EXAMPLES.includes(name), name)
})

const END = NOW / 1000 + 60
const hs256 = (claims: object) => signToken({ alg: 'HS256' }, { exp: END, sub: 'ann', ...claims }, SECRET)
const es256 = (claims: object) =>
  signToken({ alg: 'ES256', kid: 'k1' }, { exp: END, sub: 'ann', ...claims }, p256.privateKey)

const WIDGET = hs256({ iss: 'https://id.example.com', allowed_domains: ['shop.example'], dialog_id: '42' })
const API = { iss: 'https://id.example.com', aud: 'session-api', session_id: '7' }
const IFRAME = { Origin: 'https://widget.example.com' }

type Headers = Readonly<Record<string, string>>

/** What a client of an example is told: `admitted ROUTE`, `waits ROUTE` (for its first message), `would be refused ROUTE`, `close CODE` or `http STATUS`. */
const CLIENTS: [example: string, client: string, target: string, headers: Headers, expected: string][] = [
  [
    'widget',
    'a page',
    `/ws/site/dialogs/42?site_token=${WIDGET}`,
    { Origin: 'https://shop.example' },
    'admitted widget',
  ],
  [
    'widget',
    'an iframe',
    `/ws/site/dialogs/42?site_token=${WIDGET}&parent_origin=https://shop.example`,
    IFRAME,
    'admitted widget',
  ],
  [
    'widget',
    'an iframe of a stranger',
    `/ws/site/dialogs/42?site_token=${WIDGET}&parent_origin=https://evil.example`,
    IFRAME,
    'close 4003',
  ],
  ['widget', 'an iframe without a parent', `/ws/site/dialogs/42?site_token=${WIDGET}`, IFRAME, 'close 4003'],
  [
    'widget',
    'the dialog of another',
    `/ws/site/dialogs/43?site_token=${WIDGET}`,
    { Origin: 'https://shop.example' },
    'close 1008',
  ],
  ['widget', 'no token', '/ws/site/dialogs/42', { Origin: 'https://shop.example' }, 'close 4401'],
  ['session-api', 'a program', '/v1/sessions/7/stream', { Authorization: `Bearer ${es256(API)}` }, 'admitted session'],
  [
    'session-api',
    'a page',
    '/v1/sessions/7/stream',
    { Origin: 'https://app.example.com', Cookie: `session=${es256(API)}` },
    'admitted session',
  ],
  [
    'session-api',
    'a foreign page',
    '/v1/sessions/7/stream',
    { Origin: 'https://evil.example', Cookie: `session=${es256(API)}` },
    'close 1008',
  ],
  [
    'session-api',
    'an expired token',
    '/v1/sessions/7/stream',
    { Authorization: `Bearer ${es256({ ...API, exp: 1 })}` },
    'close 4001',
  ],
  ['session-api', 'another session', '/v1/sessions/8/stream', { Authorization: `Bearer ${es256(API)}` }, 'close 1008'],
  ['session-api', 'another path', '/v1/other', {}, 'close 4404'],
  [
    'graphql',
    'a subscription',
    '/graphql',
    { Origin: 'https://app.example.com', 'Sec-WebSocket-Protocol': 'graphql-transport-ws' },
    'waits subscriptions',
  ],
  [
    'graphql',
    'another protocol',
    '/graphql',
    { Origin: 'https://app.example.com', 'Sec-WebSocket-Protocol': 'chat' },
    'close 1008 chat',
  ],
  ['graphql', 'a foreign page', '/graphql', { Origin: 'https://evil.example' }, 'close 4403'],
  [
    'edge',
    'a member',
    '/chat/7',
    { Origin: 'https://chat.example.com', Cookie: `session=${hs256({})}` },
    'admitted chat',
  ],
  ['edge', 'a page without a session', '/chat/7', { Origin: 'https://chat.example.com' }, 'close 4401'],
  ['edge', 'a program', '/chat/7', { Cookie: 'session=x' }, 'http 403'],
  ['edge', 'a foreign page at the ticker', '/ticker', { Origin: 'https://evil.example' }, 'would be refused ticker'],
  ['edge', 'the old application', '/legacy/a', {}, 'admitted legacy'],
  ['edge', 'the chat by way of the old application', '/legacy/../chat/7', {}, 'http 400'],
  ['sidecar', 'a page', `/any/path?token=${hs256({})}`, { Origin: 'https://app.example.com' }, 'admitted default'],
  ['sidecar', 'a forged token', `/any/path?token=${hs256({})}x`, { Origin: 'https://app.example.com' }, 'close 4401'],
]

for (const [example, client, target, headers, expected] of CLIENTS) {
  test(`${example}: ${client}`, async () => {
    const policy = assemble(loaded(example).config, {
      counts: new Counts(),
      candidateCounts: new Counts(),
      limiters: new Limiters(),
      keySet: () => staticKeySet(KEYS),
      authorization: () => async () => ({ problem: 'no service is asked in this test' }),
      revocations: new Revocations(),
      tickets: new TicketTable(),
      isDraining: () => false,
      upstreams: (all) => all,
    })
    const rawHeaders = Object.entries({ Host: 'ws.example.com', ...headers }).flat()
    const request = { target, rawHeaders, remoteAddress: '203.0.113.9', encrypted: false }
    const admission = await admitOrWait(describe(request, policy.trust, { at: NOW, clock: 0 }), policy)
    if (admission.granted === 'later') return assert.equal(`waits ${admission.route.name}`, expected)
    if (admission.granted) {
      const how = admission.findings.length === 0 ? 'admitted' : 'would be refused'
      return assert.equal(`${how} ${admission.route.name}`, expected)
    }
    const no = sayNo(admission.refusal.reason, admission.connection, admission.route, policy.answers)
    const echoed = no.by === 'close' && no.protocol !== undefined ? ` ${no.protocol}` : ''
    assert.equal(`${no.by} ${no.code}${echoed}`, expected)
  })
}

test('the sidecar is the same as the variables its comments name', () => {
  const text = readFileSync(new URL('sidecar.yaml', FOLDER), 'utf8')
  const env = Object.fromEntries([...text.matchAll(/^# +(WS_\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]))
  assert.ok(Object.keys(env).length >= 5)
  assert.deepEqual(loaded('', env).config, loaded('sidecar').config)
})

const RUN: [example: string, secret: string, path: (token: string) => string, headers: Headers][] = [
  ['widget', 'widget-token', (token) => `/ws/site/dialogs/42?site_token=${token}&parent_origin=shop.example`, IFRAME],
  ['sidecar', 'token', (token) => `/any?token=${token}`, { Origin: 'https://app.example.com' }],
]

for (const [example, secret, path, headers] of RUN) {
  test(`${example}.yaml runs`, async (t) => {
    const { upstream } = await echoBackend(t)
    const yaml = readFileSync(new URL(`${example}.yaml`, FOLDER), 'utf8').replaceAll('http://127.0.0.1:8000', upstream)
    const proxy = await startTestProxy({ yaml, files: { [`/test/secrets/${secret}`]: SECRET } })
    t.after(() => proxy.stop())
    const claims = { iss: 'https://id.example.com', allowed_domains: 'shop.example', dialog_id: '42' }
    const token = hs256({ ...claims, exp: Date.now() / 1000 + 60 })
    const open = await client(t, `127.0.0.1:${proxy.port}${path(token)}`, headers)
    assert.equal(await open.echo('hello'), 'hello')
    const refused = await client(t, `127.0.0.1:${proxy.port}${path(`${token}x`)}`, headers)
    assert.equal((await refused.ended).code, 4401)
  })
}
