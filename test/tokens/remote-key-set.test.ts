import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { compileKeys } from '../../src/tokens/keys.ts'
import { type KeySetEvent, remoteKeySet } from '../../src/tokens/remote-key-set.ts'
import { createVerifier } from '../../src/tokens/verify.ts'
import { json, startJwksServer } from './jwks-server.ts'
import { jwk, p256, p384, rsa, signToken } from './signing.ts'

const START = Date.UTC(2026, 10, 21)
const A = jwk(rsa.publicKey, { kid: 'a' })
const B = jwk(p256.publicKey, { kid: 'b' })
const tokenA = signToken({ alg: 'RS256', kid: 'a' }, { sub: 'ann' }, rsa.privateKey)
const tokenB = signToken({ alg: 'ES256', kid: 'b' }, { sub: 'bob' }, p256.privateKey)
const tokenC = signToken({ alg: 'ES384', kid: 'c' }, { sub: 'eve' }, p384.privateKey)

async function endpoint(t: TestContext, first: unknown[]) {
  const clock = { now: START }
  const events: KeySetEvent[] = []
  const server = await startJwksServer(t, json({ keys: first }))
  const set = remoteKeySet({ url: server.url, fetch, now: () => clock.now, onEvent: (event) => events.push(event) })
  const rules = { clockToleranceMs: 0, requiredClaims: [], expiry: 'enforce' } as const
  const verifier = createVerifier({ keys: compileKeys({ jwks: set }), rules })
  return {
    clock,
    events,
    set,
    server,
    verifier,
    publish: (...keys: unknown[]) => server.answer(json({ keys })),
    fail: () => server.answer((_, response) => response.writeHead(500).end()),
    async verdict(token: string) {
      const verdict = await verifier.verify(token, clock.now)
      return verdict.ok ? 'ok' : verdict.problem
    },
    /** The outcome of `count` different tokens at once, none of which is remembered. */
    storm: (count: number) =>
      Promise.all(
        Array.from({ length: count }, async (_, index) => {
          const token = signToken({ alg: 'ES256', kid: 'b' }, { index }, p256.privateKey)
          const verdict = await verifier.verify(token, clock.now)
          return verdict.ok ? 'ok' : verdict.problem
        }),
      ),
  }
}

describe('a key set behind a URL', () => {
  test('is fetched when first needed, once for all who wait', async (t) => {
    const { server, events, storm } = await endpoint(t, [B])
    assert.equal(server.requests(), 0)
    assert.deepEqual(new Set(await storm(20)), new Set(['ok']))
    assert.equal(server.requests(), 1)
    assert.deepEqual(events, [{ type: 'fetched', keys: 1, changed: true, detail: '1 keys' }])
  })

  test('is fetched again after ten minutes, and the same content keeps the generation', async (t) => {
    const { clock, server, set, verdict } = await endpoint(t, [A])
    await verdict(tokenA)
    const { generation } = set
    clock.now += 10 * 60_000 - 1
    await verdict(tokenA)
    assert.equal(server.requests(), 1)
    clock.now += 1
    assert.equal(await verdict(tokenA), 'ok')
    assert.equal(server.requests(), 2)
    assert.equal(set.generation, generation)
  })

  test('rotates: an unknown key asks again, at most every 30 s', async (t) => {
    const { clock, server, publish, verdict } = await endpoint(t, [A])
    assert.equal(await verdict(tokenA), 'ok')
    publish(A, B)
    assert.equal(await verdict(tokenB), 'invalid', 'asked a moment ago')
    clock.now += 30_000
    assert.equal(await verdict(tokenB), 'ok')
    assert.equal(server.requests(), 2)
    for (let turn = 0; turn < 10; turn += 1) assert.equal(await verdict(tokenC), 'invalid')
    assert.equal(server.requests(), 2)
  })

  test('stops honouring remembered tokens of a key that went', async (t) => {
    const { clock, publish, set, verdict, verifier } = await endpoint(t, [A, B])
    assert.equal(await verdict(tokenA), 'ok')
    assert.ok(!(verifier.verify(tokenA, clock.now) instanceof Promise))
    const { generation } = set
    publish(B)
    clock.now += 10 * 60_000
    assert.equal(await verdict(tokenA), 'invalid')
    assert.notEqual(set.generation, generation)
    assert.equal(await verdict(tokenB), 'ok')
  })

  test('an answer without a usable key is a failure: the last good set stays, and the endpoint is asked again', async (t) => {
    const { clock, events, publish, server, set, verdict } = await endpoint(t, [A])
    assert.equal(await verdict(tokenA), 'ok')
    const { generation } = set
    publish()
    clock.now += 10 * 60_000
    await verdict(tokenA)
    assert.equal(await verdict(tokenA), 'ok')
    assert.equal(set.generation, generation)
    const { type, detail } = events.at(-1) ?? {}
    assert.equal(type, 'failed')
    assert.match(detail ?? '', /^the key set holds no usable key, expected signature keys/)
    const asked = server.requests()
    publish(B)
    clock.now += 1_000
    await verdict(tokenB)
    assert.equal(await verdict(tokenB), 'ok')
    assert.equal(server.requests(), asked + 1)
  })
})

describe('an endpoint that fails', () => {
  test('is asked after 1, 2, 4 … 60 s, however many tokens come', async (t) => {
    const { clock, events, fail, server, storm } = await endpoint(t, [B])
    fail()
    let waited = 0
    for (const retryInMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
      for (const round of [1, 2]) assert.deepEqual(new Set(await storm(10)), new Set(['unavailable']), `round ${round}`)
      waited += 1
      assert.equal(server.requests(), waited)
      assert.deepEqual(events.at(-1), {
        type: 'failed',
        failures: waited,
        retryInMs,
        detail: 'the key set answers 500',
      })
      clock.now += retryInMs - 1
      await storm(1)
      assert.equal(server.requests(), waited)
      clock.now += 1
    }
  })

  test('costs one fetch when nothing listens there', async () => {
    const events: KeySetEvent[] = []
    let fetches = 0
    const counted: typeof fetch = (...request) => {
      fetches += 1
      return fetch(...request)
    }
    // Port 1 is tcpmux, which nobody runs.
    const set = remoteKeySet({
      url: 'http://127.0.0.1:1/',
      fetch: counted,
      now: () => START,
      onEvent: (event) => events.push(event),
    })
    for (let turn = 0; turn < 20; turn += 1) {
      assert.deepEqual(await set.find({ algorithm: 'RS256', kid: 'a' }), { unavailable: events[0]?.detail })
    }
    assert.equal(fetches, 1)
    assert.equal(events.length, 1)
  })

  test('leaves the last good set in service, and nobody waits for it twice', async (t) => {
    const { clock, events, fail, publish, server, set, storm, verdict, verifier } = await endpoint(t, [A, B])
    assert.equal(await verdict(tokenA), 'ok')
    const { generation } = set
    fail()
    clock.now += 10 * 60_000
    assert.equal(await verdict(tokenA), 'ok')
    assert.equal(server.requests(), 2)
    clock.now += 1_000
    assert.ok(!(verifier.verify(tokenA, clock.now) instanceof Promise), 'the fetch goes on behind')
    assert.deepEqual(new Set(await storm(5)), new Set(['ok']))
    assert.equal(await verdict(tokenC), 'invalid')
    assert.equal(set.generation, generation)
    publish(A)
    clock.now += 60_000
    assert.equal(set.refresh(), undefined)
    while (events.at(-1)?.type !== 'fetched') await setImmediate()
    assert.equal(await verdict(signToken({ alg: 'ES256', kid: 'b' }, {}, p256.privateKey)), 'invalid')
    assert.notEqual(set.generation, generation)
  })

  test('is not asked for unknown keys before its time', async (t) => {
    const { clock, events, fail, server, set, verdict } = await endpoint(t, [A])
    await verdict(tokenA)
    fail()
    clock.now += 10 * 60_000
    for (let failures = 1; failures <= 7; failures += 1) {
      set.refresh()
      while (events.length <= failures) await setImmediate()
      clock.now += failures < 7 ? 60_000 : 59_999
    }
    assert.equal(await verdict(tokenC), 'invalid')
    assert.equal(server.requests(), 8)
  })

  test('recovers', async (t) => {
    const { clock, events, fail, publish, verdict } = await endpoint(t, [A])
    fail()
    assert.equal(await verdict(tokenA), 'unavailable')
    publish(A)
    clock.now += 1_000
    assert.equal(await verdict(tokenA), 'ok')
    assert.deepEqual(
      events.map((event) => event.type),
      ['failed', 'fetched'],
    )
  })
})

test('events tell of keys passed over, and of private ones', async (t) => {
  const { events, verdict } = await endpoint(t, [A, jwk(p256.privateKey), { kty: 'oct', k: 'c2VjcmV0' }])
  assert.equal(await verdict(tokenA), 'ok')
  assert.match(events[0]?.detail ?? '', /^1 keys, 2 ignored; 1 of them private keys/)
})

for (const url of ['ftp://id.example/', 'id.example', '', 'https://user:hunter2@id.example/']) {
  test(`the URL ${JSON.stringify(url)} is refused without being repeated`, () => {
    assert.throws(
      () => remoteKeySet({ url, fetch, now: () => 0, onEvent: () => undefined }),
      (error: Error) => error.message.startsWith('jwks: ') && !error.message.includes('hunter2'),
    )
  })
}
