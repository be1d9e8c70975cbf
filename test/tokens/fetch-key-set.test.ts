import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { describe, test } from 'node:test'
import { fetchKeySet } from '../../src/tokens/fetch-key-set.ts'
import { json, startJwksServer } from './jwks-server.ts'
import { jwk, p256 } from './signing.ts'

const KEYS = { keys: [jwk(p256.publicKey)] }

test('a key set is fetched', async (t) => {
  const server = await startJwksServer(t, json(KEYS))
  const fetched = await fetchKeySet(server.url, fetch, 5_000)
  assert.ok('set' in fetched)
  assert.equal(fetched.set.keys.length, 1)
})

test('a key set of 1 MiB is read, one byte more is not', async (t) => {
  const text = JSON.stringify(KEYS)
  const server = await startJwksServer(t, json(text.padEnd(1024 * 1024)))
  assert.ok('set' in (await fetchKeySet(server.url, fetch, 5_000)))
  server.answer(json(text.padEnd(1024 * 1024 + 1)))
  assert.deepEqual(await fetchKeySet(server.url, fetch, 5_000), { problem: 'is larger than 1048576 bytes' })
})

const endless: RequestListener = (_, response) => {
  const more = (): void => {
    while (response.write(Buffer.alloc(65_536, 32)));
  }
  response.on('drain', more)
  more()
}

const trickle: RequestListener = (_, response) => {
  response.write('{"keys":')
}

const BAD: readonly [string, RequestListener, RegExp][] = [
  ['an error page', (_, response) => response.writeHead(503).end('secret page'), /^answers 503$/],
  ['no content', (_, response) => response.writeHead(204).end(), /^answers 204$/],
  ['no JSON', json('<html>secret</html>'), /^is not JSON$/],
  ['no keys', json({ key: [] }), /^has no "keys" array$/],
  ['an empty set', json({ keys: [] }), /^holds no usable key, expected signature keys/],
  [
    'a set of shared secrets',
    json({ keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }),
    /^holds no usable key \(a key of kty "oct" is/,
  ],
  ['an endless answer', endless, /^is larger than 1048576 bytes$/],
  ['half an answer', trickle, /^did not answer within 200 ms$/],
  ['no answer', () => undefined, /^did not answer within 200 ms$/],
  ['a reset', (request) => request.socket.destroy(), /^could not be fetched \(UND_ERR_SOCKET\)$/],
]

describe('an endpoint is no key set', () => {
  for (const [name, listener, expected] of BAD) {
    test(name, async (t) => {
      const server = await startJwksServer(t, listener)
      const fetched = await fetchKeySet(
        server.url,
        fetch,
        name.endsWith('answer') && name !== 'an endless answer' ? 200 : 5_000,
      )
      assert.ok('problem' in fetched)
      assert.match(fetched.problem, expected)
    })
  }

  test('a redirect is not followed', async (t) => {
    const elsewhere = await startJwksServer(t, json(KEYS))
    const server = await startJwksServer(t, (_, response) => response.writeHead(302, { location: elsewhere.url }).end())
    const fetched = await fetchKeySet(server.url, fetch, 5_000)
    assert.ok('problem' in fetched)
    assert.match(fetched.problem, /^answers 302; redirects are not followed/)
    assert.equal(elsewhere.requests(), 0)
  })

  test('what a foreign error says is not passed on', async () => {
    const leaky = () => Promise.reject(new Error('https://user:hunter2@id.example/ failed'))
    assert.deepEqual(await fetchKeySet('https://id.example/', leaky, 5_000), { problem: 'could not be fetched' })
  })
})
