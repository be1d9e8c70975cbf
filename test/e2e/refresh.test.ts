/** Newer tokens in messages: an open connection goes on with the newest of its user. */
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { httpService } from '../authorization/services.ts'
import { firstMessages, mint, SECRET, said } from '../support/first-message.ts'
import { type Asking, accept, eventually, openOn, proxied, within } from '../support/upgrades.ts'
import { bare, closing, masked } from '../support/wire-frames.ts'

const refresh = (token: unknown) => JSON.stringify({ type: 'refresh', token })
const TOKEN_ENDED = { code: 4401, reason: 'Invalid or expired authentication token' }

interface Given {
  /** More of `refresh`. */
  readonly more?: string
  /** More of `token`. */
  readonly token?: string
  readonly route?: string
  readonly claims?: Record<string, unknown>
  readonly ttl?: number
  readonly asking?: Asking
  readonly extensions?: string
  /** More of the file. */
  readonly first?: string
}

const yamlOf = ({ more = '', token = '', route = '', first = '' }: Given) =>
  `upstream: UPSTREAM
${first}
routes: [{ path: /ws, token: { secret: ${SECRET}, refresh: { when: { type: refresh }, reply: { type: refreshed }${more} }${token} }${route} }]
`

async function open(t: TestContext, given: Given = {}, files: Record<string, string> = {}) {
  const { claims = { sub: 'ann' }, ttl = 60, asking = {}, extensions } = given
  const all = await proxied(t, { yaml: yamlOf(given), files })
  const path = `/ws?token=${await mint(claims, ttl)}${asking.path ?? ''}`
  const headers = extensions === undefined ? [] : [`Sec-WebSocket-Extensions: ${extensions}`]
  const accepting = { headers }
  const pair = await openOn(t, all, 0, { ...asking, path, headers: [...(asking.headers ?? []), ...headers] }, accepting)
  const violations = () => all.proxy.logs.filter(({ event }) => event === 'violated')
  const reload = async (yaml: string) => {
    files['/test/wsluice.yaml'] = yaml.replaceAll('UPSTREAM', `http://127.0.0.1:${all.server.port}`)
    assert.deepEqual(await all.proxy.running.reload(), { ok: true })
  }
  return { ...all, ...pair, violations, reload }
}

const texts = (frames: readonly { readonly payload: Buffer }[]) => frames.map(({ payload }) => String(payload))

test('a newer token extends the connection, and goes no further', async (t) => {
  const { client, upstream, proxy } = await open(t, { ttl: 1 })
  const newer = await mint({ sub: 'ann' }, 60)
  client.send(`${masked(1, 'before')}${masked(1, refresh(newer))}${masked(1, 'behind')}`)
  assert.deepEqual(texts(await client.count(1)), ['{"type":"refreshed"}'])
  assert.deepEqual(texts(await upstream.count(2)), ['before', 'behind'])
  // The first token ends.
  await new Promise((resolve) => setTimeout(resolve, 1300))
  client.send(masked(1, 'still'))
  assert.deepEqual(texts(await upstream.count(3)).at(-1), 'still')
  for (const line of proxy.written) assert.ok(!line.includes(newer))
  assert.match(await metricsOf(proxy), /^ws_token_refreshes_total\{route="\/ws"\} 1$/m)
})

const metricsOf = async ({ ops }: { readonly ops: string }) => (await fetch(`http://${ops}/metrics`)).text()

test('a refresh that is refused is not counted as one; at debug one that is not has its line', async (t) => {
  const { client, proxy } = await open(t, { more: ', onInvalid: error, errorMessage: no', first: 'logLevel: debug' })
  client.send(masked(1, refresh('x.y.z')) + masked(1, refresh(await mint())))
  const { user, token_hash } = await proxy.line(({ event }) => event === 'refreshed')
  assert.equal(user, 'ann')
  assert.match(String(token_hash), /^[0-9a-f]{12}$/)
  assert.match(await metricsOf(proxy), /^ws_token_refreshes_total\{route="\/ws"\} 1$/m)
})

test('in fragments, with a ping between them', async (t) => {
  const { client, upstream } = await open(t)
  const message = refresh(await mint())
  client.send(masked(1, message.slice(0, 9), { fin: false }) + masked(9, 'p'))
  client.send(masked(0, message.slice(9), { fin: false }) + masked(0, '') + masked(1, 'behind'))
  assert.deepEqual(texts(await client.count(1)), ['{"type":"refreshed"}'])
  assert.deepEqual(texts(await upstream.count(2)), ['p', 'behind'])
})

test('the connection ends with the newest token, also where that ends sooner', async (t) => {
  const { client, upstream, proxy } = await open(t)
  client.send(masked(1, refresh(await mint({ sub: 'ann' }, 1))))
  assert.deepEqual(await within(client.close(), () => 'the end'), TOKEN_ENDED)
  client.raw.socket.destroy()
  upstream.raw.socket.destroy()
  await proxy.line(({ event, reason }) => event === 'closed' && reason === 'token_expired')
})

/** [name, the newer token, reason] */
const REFUSED = [
  ["another user's", () => mint({ sub: 'bob' }), 'token_invalid'],
  ["nobody's", () => mint({}), 'token_invalid'],
  ['one that expired', () => mint({ sub: 'ann' }, -1), 'token_expired'],
  ['none', async () => 7, 'token_missing'],
  ['no token', async () => 'x.y.z', 'token_invalid'],
  ['one for another room', () => mint({ sub: 'ann', room: '8' }), 'access_denied'],
  ['one for another domain', () => mint({ sub: 'ann', allowed_domains: ['x.example'] }), 'domain_not_allowed'],
] as const

const GUARDED = ', domains: { absent: allow }, authorize: [{ claim: room, equals: "query:room" }]'
const ASKING = { path: '&room=7', headers: ['Origin: https://app.example'] }
const CLAIMS = { sub: 'ann', room: '7' }

for (const [name, make, reason] of REFUSED) {
  test(`closes: ${name}`, async (t) => {
    const { client, upstream, proxy } = await open(t, { route: GUARDED, asking: ASKING, claims: CLAIMS })
    client.send(masked(1, refresh(await make())))
    await client.close()
    await upstream.close()
    assert.equal(upstream.frames().length, 1)
    client.raw.socket.end()
    upstream.raw.socket.end()
    assert.equal((await proxy.line(({ event }) => event === 'closed')).reason, reason)
  })

  test(`onInvalid: error: ${name}`, async (t) => {
    const more = ', onInvalid: error, errorMessage: no'
    const { client, upstream, violations } = await open(t, { more, route: GUARDED, asking: ASKING, claims: CLAIMS })
    client.send(masked(1, refresh(await make())))
    assert.deepEqual(texts(await client.count(1)), ['no'])
    client.send(masked(1, 'still'))
    assert.deepEqual(texts(await upstream.count(1)), ['still'])
    assert.deepEqual(
      violations().map((line) => [line.reason, line.action]),
      [[reason, 'error']],
    )
  })
}

test('a good one for the same room and domain is good', async (t) => {
  const { client } = await open(t, { route: GUARDED, asking: ASKING, claims: CLAIMS })
  client.send(masked(1, refresh(await mint(CLAIMS))))
  assert.deepEqual(texts(await client.count(1)), ['{"type":"refreshed"}'])
})

test('other messages pass, whatever they are', async (t) => {
  const { client, upstream } = await open(t)
  const others = ['{"type":"other"}', 'refresh', '[]', '{"Type":"refresh"}', '{"type":["refresh"]}', '"refresh"', '']
  client.send(others.map((text) => masked(1, text)).join('') + masked(2, refresh('x')))
  assert.deepEqual(texts(await upstream.count(others.length + 1)), [...others, refresh('x')])
})

test('a compressed one is taken, and compression goes on', async (t) => {
  const extensions = 'permessage-deflate'
  const { client, upstream } = await open(t, { extensions })
  assert.match((await client.head()).header('sec-websocket-extensions') ?? '', /client_no_context_takeover/)
  const deflate = (text: string) => masked(1, deflateRawSync(text, { finishFlush: 2 }).subarray(0, -4), { rsv: 0x40 })
  client.send(deflate(refresh(await mint())) + deflate('behind'))
  assert.deepEqual(texts(await client.count(1)), ['{"type":"refreshed"}'])
  assert.equal((await upstream.count(1)).length, 1)
  assert.equal(upstream.rest(), deflate('behind'))
})

test('revocations are of the newest token, and a revoked one refreshes nothing', async (t) => {
  const { client, proxy } = await open(t, { claims: { sub: 'ann', jti: 'one' } })
  const revoke = (body: object) =>
    fetch(`http://${proxy.admin}/api/revocations`, { method: 'POST', body: JSON.stringify(body) })
  client.send(masked(1, refresh(await mint({ sub: 'ann', jti: 'two' }))))
  await client.count(1)
  await revoke({ jti: 'one' })
  client.send(masked(1, refresh(await mint({ sub: 'ann', jti: 'three' }))))
  await client.count(2)
  await revoke({ jti: 'two', refreshed: true })
  client.send(masked(1, refresh(await mint({ sub: 'ann', jti: 'two', n: 1 }))))
  assert.deepEqual(await client.close(), TOKEN_ENDED)
  client.raw.socket.end()
  assert.equal((await proxy.line(({ event }) => event === 'closed', 8000)).reason, 'token_revoked')
})

test('the claim rules of messages are those of the newest token; its rates count on', async (t) => {
  const route =
    ', messages: { allow: [{ types: [admin], when: { claim: role, equals: admin } }], rates: { admin: 1/min }, onInvalid: drop }'
  const { client, upstream, violations } = await open(t, { route })
  const admin = masked(1, '{"type":"admin"}')
  client.send(admin)
  client.send(masked(1, refresh(await mint({ sub: 'ann', role: 'admin' }))))
  await client.count(1)
  client.send(admin)
  assert.equal((await upstream.count(1)).length, 1)
  client.send(masked(1, refresh(await mint({ sub: 'ann', role: 'admin', n: 2 }))))
  await client.count(2)
  client.send(admin)
  await eventually(() => violations().length === 2, 'two violations')
  assert.deepEqual(
    violations().map(({ reason }) => reason),
    ['message_not_allowed', 'message_rate'],
  )
  assert.equal(upstream.frames().length, 1)
})

test('refreshes count into the rates of messages', async (t) => {
  const { client } = await open(t, { route: ', limits: { messages: { perConnection: 2/min } }' })
  const newer = masked(1, refresh(await mint()))
  client.send(newer.repeat(3))
  assert.deepEqual(await client.close(), { code: 1008, reason: 'Rate limit exceeded' })
})

test('of many at once the last is judged after the first, and no other', async (t) => {
  const { client } = await open(t)
  const all = await Promise.all([...Array(20).keys()].map((n) => mint({ sub: 'ann', n })))
  client.send(all.map((token) => masked(1, refresh(token))).join('') + masked(1, 'end'))
  await client.count(2)
  client.send(masked(9))
  assert.equal((await client.count(2)).length, 2)
})

test('a dry run forwards it, and tells what would have become of it', async (t) => {
  const { client, upstream, violations } = await open(t, { token: ', mode: dry-run' })
  const [good, bad] = [masked(1, refresh(await mint())), masked(1, refresh(await mint({ sub: 'bob' })))]
  client.send(good + bad)
  await upstream.bytes(good.length + bad.length)
  assert.equal(upstream.rest(), good + bad)
  await eventually(() => violations().length === 1, 'a violation')
  assert.deepEqual(
    violations().map(({ reason, outcome, check }) => [check, reason, outcome]),
    [['token', 'token_invalid', 'would_reject']],
  )
  assert.equal(client.rest(), '')
})

test('a token of a first message is extended like any', async (t) => {
  const { backend, come } = await firstMessages(t, {
    token: ', refresh: { when: { type: connection.refresh }, from: "message:payload.token", reply: ok }',
  })
  const client = await come()
  client.send(said(await mint({ sub: 'ann' }, 1)))
  const upstream = await backend(0)
  await accept(upstream)
  client.send(masked(1, JSON.stringify({ type: 'connection.refresh', payload: { token: await mint() } })))
  assert.deepEqual(texts(await client.count(1)), ['ok'])
  await new Promise((resolve) => setTimeout(resolve, 1200))
  upstream.send(bare(1, 'still'))
  assert.deepEqual(texts(await client.count(2)), ['ok', 'still'])
})

test('a reload says what is a newer token from then on', async (t) => {
  const { client, upstream, reload } = await open(t)
  const message = masked(1, refresh(await mint()))
  client.send(message)
  await client.count(1)
  const renew = yamlOf({}).replace('type: refresh }', 'type: renew }')
  await reload(renew)
  client.send(message + masked(1, JSON.stringify({ type: 'renew', token: await mint() })))
  assert.deepEqual(texts(await client.count(2)), Array(2).fill('{"type":"refreshed"}'))
  await reload(`upstream: UPSTREAM\nroutes: [{ path: /ws, token: { secret: ${SECRET} } }]\n`)
  client.send(message)
  await upstream.bytes(2 * message.length)
  assert.equal(upstream.rest(), message + message)
})

const BARE = `upstream: UPSTREAM\nroutes: [{ path: /ws, token: { secret: ${SECRET} }${GUARDED} }]\n`

for (const mode of ['enforce', 'dry-run'] as const) {
  test(`too little is known of a connection from before, ${mode}: it stays as it was`, async (t) => {
    const files: Record<string, string> = {}
    const all = await proxied(t, { yaml: BARE, files })
    const asking = { ...ASKING, path: `/ws?token=${await mint(CLAIMS)}&room=7` }
    const { client, upstream } = await openOn(t, all, 0, asking)
    const next = yamlOf({ route: GUARDED, token: `, mode: ${mode}` })
    files['/test/wsluice.yaml'] = next.replaceAll('UPSTREAM', `http://127.0.0.1:${all.server.port}`)
    assert.deepEqual(await all.proxy.running.reload(), { ok: true })
    const message = masked(1, refresh(await mint(CLAIMS)))
    client.send(message + masked(1, 'still'))
    const told = await all.proxy.line(({ event }) => event === 'violated')
    const dry = mode === 'dry-run'
    assert.deepEqual(
      [told.check, told.reason, told.action, told.outcome],
      ['token', 'internal_error', dry ? 'none' : 'drop', dry ? 'would_reject' : 'rejected'],
    )
    assert.equal(await upstream.bytes(dry ? message.length + 11 : 11), (dry ? message : '') + masked(1, 'still'))
  })
}

test('in a dry run of the token what is enforced behind it gets no answer where it would get one', async (t) => {
  const { client, upstream, violations } = await open(t, {
    more: ', onInvalid: error, errorMessage: no',
    token: ', mode: dry-run',
    route: GUARDED,
    asking: ASKING,
    claims: CLAIMS,
  })
  const message = masked(1, refresh(await mint({ sub: 'ann', room: '8' })))
  client.send(message)
  await eventually(() => violations().length === 1, 'a violation')
  assert.deepEqual(
    violations().map(({ reason, action, outcome }) => [reason, action, outcome]),
    [['access_denied', 'none', 'would_reject']],
  )
  await upstream.bytes(message.length)
  assert.equal(client.rest(), '')
})

test('one that is judged while the connection closes changes nothing', async (t) => {
  const asked: ServerResponse[] = []
  const url = await httpService(t, (_, response) => {
    asked.push(response)
    if (asked.length === 1) response.writeHead(200).end()
  })
  const { client, upstream, proxy, violations } = await open(t, {
    route: `, authorize: [{ url: "${url}", timeout: 9s }]`,
  })
  client.send(masked(1, refresh(await mint({ sub: 'ann', n: 1 }))))
  await eventually(() => asked.length === 2, 'the question')
  client.send(masked(8, closing(1000)))
  await upstream.close()
  upstream.send(bare(8, closing(1000)))
  await client.close()
  asked[1]?.writeHead(403).end()
  client.raw.socket.end()
  upstream.raw.socket.end()
  const closed = await proxy.line(({ event }) => event === 'closed')
  assert.deepEqual([closed.code, closed.initiator, violations()], [1000, 'client', []])
  assert.equal(client.frames().length, 1)
})

test('however many come, a service is asked about one at a time', async (t) => {
  const asked: ServerResponse[] = []
  const url = await httpService(t, (_, response) => {
    asked.push(response)
    if (asked.length === 1) response.writeHead(200).end()
  })
  const { client, upstream } = await open(t, { route: `, authorize: [{ url: "${url}", timeout: 9s }]` })
  const all = await Promise.all([...Array(50).keys()].map((n) => mint({ sub: 'ann', n })))
  client.send(all.map((token) => masked(1, refresh(token))).join('') + masked(1, 'behind'))
  await upstream.count(1)
  await eventually(() => asked.length === 2, 'the first question')
  asked[1]?.writeHead(200).end()
  await eventually(() => asked.length === 3, 'the last question')
  asked[2]?.writeHead(200).end()
  assert.equal((await client.count(2)).length, 2)
  assert.equal(asked.length, 3)
})

test('a token without an end lets the connection stay, where that is allowed', async (t) => {
  const { client, upstream } = await open(t, { token: ', requiredClaims: []', ttl: 1 })
  client.send(masked(1, refresh(await mint({ sub: 'ann', exp: undefined }))))
  await client.count(1)
  await new Promise((resolve) => setTimeout(resolve, 1200))
  client.send(masked(1, 'still'))
  assert.deepEqual(texts(await upstream.count(1)), ['still'])
})

test('no schema is asked about what is for us; the places of the older claims are given back', async (t) => {
  const schema = '{"type":"object","required":["text"]}'
  const { client, upstream, proxy } = await open(
    t,
    {
      claims: { sub: 'ann', room: '7' },
      route:
        ', messages: { schema: schema.json, onInvalid: close }, limits: { connections: { perKey: { key: "claim:room", max: 1 } } }',
    },
    { '/test/schema.json': schema },
  )
  client.send(masked(1, refresh(await mint({ sub: 'ann', room: '8' }))))
  assert.deepEqual(texts(await client.count(1)), ['{"type":"refreshed"}'])
  client.raw.socket.destroy()
  upstream.raw.socket.destroy()
  await eventually(() => Object.values(proxy.running.held()).every((held) => held === 0), 'nothing left')
})

test('blanks behind Bearer are no work', async (t) => {
  const { client } = await open(t, { more: ', onInvalid: error, errorMessage: no' })
  const slow = masked(1, refresh(`bearer${' '.repeat(50_000)}\nx`))
  const began = performance.now()
  for (let round = 1; round <= 5; round++) {
    client.send(slow)
    await client.count(round)
  }
  assert.ok(performance.now() - began < 1500)
})
