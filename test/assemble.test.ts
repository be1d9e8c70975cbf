import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Mode, StepMode } from '../src/policy/check.ts'
import { FrameInspector } from '../src/policy/inspect.ts'
import { identityHeaders } from '../src/proxy/identity.ts'
import { connection, NOW } from './support/connection.ts'
import { frame } from './support/frame.ts'
import { assembled, outcome } from './support/policy.ts'
import { SECRET, signToken } from './tokens/signing.ts'

/** Where a mode may stand. */
type Place =
  | 'nowhere'
  | 'process'
  | 'route'
  | 'origin'
  | 'token'
  | 'domains'
  | 'authorize'
  | 'processLimits'
  | 'processConnections'
  | 'limits'
  | 'connections'
  | 'messages'

/** Every place where a mode may stand, and everything that it silences. */
const MATRIX: [place: Place, silenced: string[]][] = [
  ['nowhere', []],
  [
    'process',
    [
      'path',
      'route',
      'shape',
      'origin',
      'token',
      'domains',
      'authorize',
      'authorize 2',
      'connections',
      'connections 2',
      'frameSize',
      'fragments',
      'controlFrames',
      'messages',
    ],
  ],
  [
    'route',
    [
      'path',
      'shape',
      'origin',
      'token',
      'domains',
      'authorize',
      'authorize 2',
      'connections',
      'connections 2',
      'frameSize',
      'fragments',
      'controlFrames',
      'messages',
    ],
  ],
  ['origin', ['origin']],
  // What only a dry run reads is judged in dry run: the first shape is that of the rest.
  ['token', ['shape 2', 'token']],
  ['domains', ['shape 2', 'domains']],
  ['authorize', ['authorize']],
  ['processLimits', ['connections']],
  ['processConnections', ['connections']],
  ['limits', ['connections 2', 'frameSize', 'fragments', 'controlFrames', 'messages']],
  ['connections', ['connections 2']],
  ['messages', ['messages']],
]

/** A configuration with every check, and a mode at one place. */
function everything(place: Place): string {
  const at = (here: Place) => (here === place ? { mode: 'dry-run' } : {})
  return JSON.stringify({
    ...at('process'),
    upstream: 'http://127.0.0.1:8000',
    limits: { ...at('processLimits'), connections: { total: 2, ...at('processConnections') } },
    routes: [
      {
        name: 'chat',
        path: '/ws/:room',
        ...at('route'),
        origin: { allow: ['https://app.example'], ...at('origin') },
        token: { secret: SECRET, ...at('token') },
        domains: { ...at('domains') },
        authorize: [
          { claim: 'room', equals: 'param:room', ...at('authorize') },
          { claim: 'tenant', equals: 'query:tenant' },
        ],
        limits: {
          ...at('limits'),
          connections: { total: 1, ...at('connections') },
          frameSize: 10,
          messages: { perConnection: '1/s', ...at('messages') },
        },
      },
    ],
  })
}

/** A name for each step: the second one of a name has a 2. */
function labelled(steps: readonly { readonly check: string; readonly mode: StepMode }[]) {
  return steps.map(({ check, mode }, index) => {
    const isSecond = steps.slice(0, index).some((earlier) => earlier.check === check)
    return { label: isSecond ? `${check} 2` : check, mode }
  })
}

function stepsOf(place: Place) {
  const { policy } = assembled({ yaml: everything(place) })
  const chat = policy.routes.get('chat')
  return labelled([...policy.entry, ...(chat?.steps ?? []), ...(chat?.frames ?? [])])
}

for (const [place, silenced] of MATRIX) {
  test(`mode: dry-run at ${place} silences what is below it, and nothing else`, () => {
    const dry = stepsOf(place).flatMap(({ label, mode }) => (mode === 'dry-run' ? [label] : []))
    assert.deepEqual(dry, silenced)
  })
}

test('the order of judgement is that of the contract', () => {
  assert.deepEqual(
    stepsOf('nowhere').map(({ label }) => label),
    [
      'drain',
      'path',
      'route',
      'shape',
      'origin',
      'token',
      'domains',
      'authorize',
      'authorize 2',
      'connections',
      'connections 2',
      'frameSize',
      'fragments',
      'controlFrames',
      'messages',
    ],
  )
})

const claims = { sub: 'ann', exp: NOW / 1000 + 60, allowed_domains: 'app.example', room: '7', tenant: 'acme' }
const jwt = (more: object = {}) => signToken({ alg: 'HS256' }, { ...claims, ...more }, SECRET)
const ORIGIN = { Origin: 'https://app.example' }

const asking = (more: { token?: string; query?: string; headers?: Record<string, string>; path?: string } = {}) =>
  connection({
    target: `${more.path ?? '/ws/7'}?tenant=acme&token=${more.token ?? jwt()}${more.query ?? ''}`,
    headers: more.headers ?? ORIGIN,
  })

/** One client for each check, who fails it alone, and where a dry run of that check stands. */
const FAILURES: [place: Place, client: ReturnType<typeof asking>, reason: string][] = [
  ['process', asking({ path: '/nowhere' }), 'route_not_found'],
  ['route', asking({ query: '&token=x' }), 'bad_request'],
  [
    'origin',
    asking({ headers: { Origin: 'https://evil.example' }, token: jwt({ allowed_domains: 'evil.example' }) }),
    'origin_not_allowed',
  ],
  ['token', asking({ token: jwt({ exp: 1 }) }), 'token_expired'],
  ['domains', asking({ token: jwt({ allowed_domains: [] }) }), 'domain_not_allowed'],
  ['authorize', asking({ token: jwt({ room: '8' }) }), 'access_denied'],
]

for (const [place, client, reason] of FAILURES) {
  test(`${reason} is refused, unless ${place} is in dry run`, async () => {
    assert.equal(outcome(await assembled({ yaml: everything('nowhere') }).admit(client)), `rejected: ${reason}`)
    assert.equal(outcome(await assembled({ yaml: everything(place) }).admit(client)), `would reject: ${reason}`)
  })
}

test('who fails nothing is admitted', async () => {
  assert.equal(outcome(await assembled({ yaml: everything('nowhere') }).admit(asking())), 'admitted')
})

test('in a dry run of the process everything that is wrong is found, and what had no facts is skipped', async () => {
  const { admit } = assembled({ yaml: everything('process') })
  const admission = await admit(asking({ headers: { Origin: 'null' }, token: 'forged' }))
  assert.equal(outcome(admission), 'would reject: origin_not_allowed, token_invalid')
  const skipped = admission.trace.filter(({ verdict }) => !verdict).map(({ check }) => check)
  assert.deepEqual(skipped, ['domains', 'authorize', 'authorize'])
})

/** `/secure/*` with a token, then everything else: other spellings of a path must not lead past the token. */
const SPELLINGS = [
  '/%73ecure/ws',
  '/%2573ecure/ws',
  '//secure/ws',
  '/x/../secure/ws',
  '/./secure/ws',
  '/secure%2Fws',
  '/x%5c..%5csecure/ws',
]

const secured = (more: object, open: object = {}) =>
  JSON.stringify({
    upstream: 'http://127.0.0.1:1',
    routes: [
      { name: 'secure', path: '/secure/*', token: { secret: SECRET }, ...more },
      { name: 'open', path: '/*', ...open },
    ],
  })

for (const target of SPELLINGS) {
  test(`${target} does not lead past the policy of /secure/*`, async () => {
    assert.equal(outcome(await assembled({ yaml: secured({}) }).admit(connection({ target }))), 'rejected: bad_request')
    const spared = await assembled({ yaml: secured({ mode: 'dry-run' }) }).admit(connection({ target }))
    assert.equal(outcome(spared), 'would reject: bad_request')
  })
}

const PATHS: [name: string, yaml: string, expected: string][] = [
  ['policy', secured({}), 'rejected: bad_request'],
  [
    'a dry run of the only policy',
    secured({ token: { secret: SECRET, mode: 'dry-run' } }),
    'would reject: bad_request',
  ],
  ['a dry run beside a policy', secured({ mode: 'dry-run' }, { limits: { frameSize: 10 } }), 'rejected: bad_request'],
  ['a limit on frames', secured({ token: undefined, limits: { frameSize: 10 } }), 'rejected: bad_request'],
  ['a list of addresses', secured({ token: undefined, address: { deny: ['192.0.2.1'] } }), 'rejected: bad_request'],
  ['no policy', secured({ token: undefined }), 'admitted'],
  ['a candidate alone', secured({ token: undefined, limits: { candidate: { frameSize: 10 } } }), 'admitted'],
]

for (const [name, yaml, expected] of PATHS) {
  test(`a path in another spelling, where a route has ${name}`, async () => {
    assert.equal(outcome(await assembled({ yaml }).admit(connection({ target: '//secure/ws' }))), expected)
  })
}

const READS: [name: string, settings: object, target: string, expected: string][] = [
  ['the token twice', {}, '?token=a&token=b', 'rejected: bad_request'],
  ['the token twice, in dry run', { mode: 'dry-run' }, '?token=a&token=b', 'would reject: bad_request, token_invalid'],
]

for (const [name, settings, query, expected] of READS) {
  test(`what a check reads is refused as the check is: ${name}`, async () => {
    const yaml = secured({ token: { secret: SECRET, ...settings } })
    assert.equal(outcome(await assembled({ yaml }).admit(connection({ target: `/secure/ws${query}` }))), expected)
  })
}

test('where only limits are set nothing is read, and no shape is judged', () => {
  const yaml = secured({ token: undefined, limits: { connections: { perIp: 5 }, mode: 'dry-run' } })
  const checks = assembled({ yaml })
    .policy.routes.get('secure')
    ?.steps.map(({ check }) => check)
  assert.deepEqual(checks, ['connections', 'connections'])
})

test('claims reach the backend in the bytes that were signed: no number is changed', async () => {
  const yaml = secured({ headers: { claims: 'X-Claims' } })
  const payload = `{"exp":${NOW / 1000 + 60},"sub":"ann","big":1234567890123456789,"one":1.0}`
  const token = signToken({ alg: 'HS256' }, payload, SECRET)
  const admission = await assembled({ yaml }).admit(connection({ target: `/secure/ws?token=${token}` }))
  const [name, value = ''] = identityHeaders(admission.connection, admission.route)
  assert.deepEqual([name, Buffer.from(value, 'base64url').toString()], ['X-Claims', payload])
})

const COUNTS: [place: Place, second: string][] = [
  ['nowhere', 'rejected: too_many_connections'],
  ['connections', 'would reject: too_many_connections'],
  ['limits', 'would reject: too_many_connections'],
  ['route', 'would reject: too_many_connections'],
  ['process', 'would reject: too_many_connections'],
  ['processConnections', 'rejected: too_many_connections'],
]

for (const [place, second] of COUNTS) {
  test(`the second connection where one may be open, with a dry run at ${place}`, async () => {
    const { admit, counts } = assembled({ yaml: everything(place) })
    const first = await admit(asking())
    assert.equal(outcome(first), 'admitted')
    const next = await admit(asking())
    assert.equal(outcome(next), second)
    if (next.granted) next.permit.release()
    // What was not counted cannot be given back: the first is counted still.
    assert.equal(outcome(await admit(asking())), second)
    if (first.granted) first.permit.release()
    assert.equal(outcome(await admit(asking())), 'admitted')
    assert.ok(counts.size > 0)
  })
}

test('who would be refused takes no place from others in a dry run', async () => {
  const { admit } = assembled({ yaml: everything('process') })
  assert.match(outcome(await admit(asking({ token: 'forged' }))), /token_invalid/)
  assert.equal(outcome(await admit(asking())), 'admitted')
})

test('counts survive a reload', async () => {
  const { admit, counts } = assembled({ yaml: everything('nowhere') })
  await admit(asking())
  assert.equal(
    outcome(await assembled({ yaml: everything('nowhere') }, counts).admit(asking())),
    'rejected: too_many_connections',
  )
})

test('frames: a dry run of messages reports and passes, the other limits still hold', () => {
  const found: string[] = []
  const frames = assembled({ yaml: everything('messages') }).policy.routes.get('chat')?.frames ?? []
  const inspector = new FrameInspector(connection(), frames, ({ reason, counted }) =>
    found.push(`${reason} ${counted}`),
  )
  assert.equal(inspector.judge(frame()), undefined)
  assert.equal(inspector.judge(frame()), undefined)
  assert.equal(inspector.judge(frame({ length: 11 }))?.reason, 'message_too_big')
  assert.deepEqual(found, ['message_rate false', 'message_too_big true'])
})

const twoRoutes = (frameSize: number) =>
  `{ upstream: "http://a", routes: [{ path: /a, limits: { frameSize: ${frameSize} } }, { path: /b }] }`

test('equal settings have equal ids over a reload, others do not, and no two checks share one', () => {
  const ids = (size: number) =>
    [...assembled({ yaml: twoRoutes(size) }).policy.routes.values()].map(({ frames }) => frames.map(({ id }) => id))
  assert.deepEqual(ids(10), ids(10))
  assert.notDeepEqual(ids(10)[0], ids(11)[0])
  assert.deepEqual(ids(10)[1], ids(11)[1])
  assert.equal(new Set(ids(10).flat()).size, ids(10).flat().length)
})

const ROUTES = `
upstream: http://127.0.0.1:1
routes:
  - { name: plain, path: /plain/* }
  - { name: own, path: /own, upstream: "http://127.0.0.1:2", rejectWith: http, http: refuse }
  - { name: limited, path: /limited, limits: { frameSize: 1KiB } }
  - { name: first, path: /same/:x }
  - { name: never, path: /same/y }
`

test('a route has its own settings, or those of the process', () => {
  const { routes, unmatched } = assembled({ yaml: ROUTES }).policy
  const facts = (name: string) => {
    const route = routes.get(name)
    return [route?.upstreams, route?.rejectWith, route?.http]
  }
  assert.deepEqual(facts('plain'), [['http://127.0.0.1:1'], 'close', 'pass'])
  assert.deepEqual(facts('own'), [['http://127.0.0.1:2'], 'http', 'refuse'])
  assert.deepEqual([unmatched.name, unmatched.upstreams, unmatched.steps], ['none', ['http://127.0.0.1:1'], []])
})

const MATCHES: [path: string, route: string | undefined][] = [
  ['/plain/', 'plain'],
  ['/plain', undefined],
  ['/own', 'own'],
  ['/same/y', 'first'],
  ['/', undefined],
]

for (const [path, route] of MATCHES) {
  test(`${path} is served by ${route ?? 'no route'}, upgrade or not`, async () => {
    const { policy, admit } = assembled({ yaml: ROUTES })
    assert.equal(policy.routeOf(path)?.name, route)
    const admission = await admit(connection({ target: path }))
    assert.equal(outcome(admission), route === undefined ? 'rejected: route_not_found' : 'admitted')
    assert.equal(admission.route.name, route ?? 'none')
  })
}

test('without policy no path and no shape is judged: requests pass as through a tunnel', async () => {
  const { admit, policy } = assembled({ yaml: ROUTES.replace('limits: { frameSize: 1KiB }', 'http: refuse') })
  assert.equal(outcome(await admit(connection({ target: '/plain/..%2f//%41?a=%00&a=1' }))), 'admitted')
  for (const name of ['plain', 'limited']) {
    const checks = policy.routes.get(name)?.steps.map(({ check }) => check)
    assert.deepEqual(checks, ['connections', 'connections'], `${name}: only counted`)
  }
})

test('without a backend for it, what no route matches is refused even in dry run', async () => {
  const yaml = 'mode: dry-run\nroutes: [{ path: /a, upstream: "http://127.0.0.1:1" }]'
  const { admit, policy } = assembled({ yaml })
  assert.equal(outcome(await admit(connection({ target: '/b' }))), 'rejected: route_not_found')
  assert.equal(policy.unmatched.upstreams, undefined)
})

test('a process that drains refuses in dry run too', async () => {
  const { policy } = assembled({ yaml: everything('process') })
  assert.deepEqual(
    policy.entry.map(({ check, mode }) => [check, mode]),
    [
      ['drain', 'enforce'],
      ['path', 'dry-run'],
      ['route', 'dry-run'],
    ],
  )
})

test('identity headers of all routes are removed everywhere', () => {
  const yaml = `{ upstream: "http://a", routes: [
    { path: /a, token: { secret: "${SECRET}" }, headers: { user: X-User } },
    { path: /b, token: { secret: "${SECRET}" }, headers: { claims: X-Claims, user: X-User } }, { path: /c }] }`
  assert.deepEqual(new Set(assembled({ yaml }).policy.identityHeaders), new Set(['x-user', 'x-claims']))
})

const strip = (mode: Mode | undefined, on: boolean) => {
  const token = { secret: SECRET, strip: on, ...(mode ? { mode } : {}) }
  const yaml = JSON.stringify({ upstream: 'http://a', routes: [{ path: '/a', name: 'a', token }] })
  return assembled({ yaml }).policy.routes.get('a')
}

test('the token is stripped where the setting says so, and never in a dry run', () => {
  assert.equal(strip(undefined, true)?.strip?.query('x=1&token=t'), 'x=1')
  assert.equal(strip(undefined, false)?.strip, undefined)
  assert.equal(strip('dry-run', true)?.strip, undefined)
  assert.equal(strip('dry-run', true)?.tokenMode, 'dry-run')
})

test('a query is masked where a route reads its token, and looks for tokens elsewhere too', () => {
  assert.doesNotMatch(strip(undefined, false)?.maskQuery(`x=1&token=${jwt()}`) ?? '', /eyJ/)
})

test('close codes come from the preset and the overrides', () => {
  const yaml = 'upstream: http://a\ncloseCodes: { preset: replyx, token_expired: { code: 4777, text: Session over } }'
  const { answers } = assembled({ yaml }).policy
  assert.deepEqual([answers.token_expired.code, answers.token_expired.text], [4777, 'Session over'])
  assert.equal(answers.token_invalid.code, 4002)
})

test('trusted proxies are those of the configuration', () => {
  const { trust } = assembled({
    yaml: 'upstream: http://a\nlisten: unix:/w.sock\ntrustedProxies: [10.0.0.0/8, loopback, unix]',
  }).policy
  assert.deepEqual(
    ['10.1.2.3', '127.0.0.1', '::1', 'unix', '11.0.0.1'].map((peer) => trust.trusts(peer)),
    [true, true, true, true, false],
  )
})
