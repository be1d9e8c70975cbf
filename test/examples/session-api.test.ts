/** config/session-api.yaml: tokens of an identity provider, one session, messages by a schema. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { tellingBackend } from './backends.ts'
import { checkExample, startExample } from './example.ts'
import { identityProvider, issue } from './identity-provider.ts'
import { nodeClient, type Offer } from './node-client.ts'

const EXAMPLE = { name: 'session-api' }
const PAGE = 'https://app.example.com'

const start = async (t: TestContext) =>
  await startExample(t, { ...EXAMPLE, upstream: await tellingBackend(t), env: await identityProvider(t) })

const bearing = (token: string): Offer => ({ headers: { Authorization: `Bearer ${token}` } })

test('wsluice check', async (t) => {
  const { code, errors } = await checkExample(t, EXAMPLE)
  assert.equal(code, 0, errors)
})

test('who may open a session', async (t) => {
  const { place } = await start(t)
  const ann = issue('ann', '7')

  const ADMITTED: [name: string, offer: Offer][] = [
    ['a program', bearing(ann)],
    ['our page', { headers: { Origin: PAGE, Cookie: `session=${ann}` } }],
    ['our page, the token as a subprotocol', { headers: { Origin: PAGE }, protocols: ['bearer', ann] }],
  ]
  for (const [name, offer] of ADMITTED) {
    await t.test(`${name}: admitted, the backend knows the user`, async () => {
      const client = await nodeClient(t, `${place}/v1/sessions/7/stream`, offer)
      assert.match(await client.next(), /"user":"ann"/)
      client.send('{"type":"ping"}')
      assert.equal(await client.next(), '{"type":"ping"}')
      await client.close()
    })
  }

  await t.test('our page with a ticket, once', async () => {
    const asked = await fetch(`http://${place}/v1/ticket`, { method: 'POST', ...bearing(ann) })
    // What the reference says of it.
    const { ticket } = (await asked.json()) as { ticket: string }
    const target = `${place}/v1/sessions/7/stream?ticket=${ticket}`
    const client = await nodeClient(t, target, { headers: { Origin: PAGE } })
    assert.match(await client.next(), /"user":"ann"/)
    await client.close()
    assert.equal((await (await nodeClient(t, target, { headers: { Origin: PAGE } })).ended).code, 4401)
  })

  const REFUSED: [name: string, path: string, offer: Offer, expected: string][] = [
    ['nobody', '/v1/sessions/7/stream', {}, '4401 Invalid or expired authentication token'],
    ['a token of yesterday', '/v1/sessions/7/stream', bearing(issue('ann', '7', -60)), '4001 Session expired'],
    ['the session of another', '/v1/sessions/8/stream', bearing(ann), '1008 Access denied'],
    [
      'a foreign page with the cookie',
      '/v1/sessions/7/stream',
      { headers: { Origin: 'https://evil.example', Cookie: `session=${ann}` } },
      '1008 Origin not allowed',
    ],
    ['another path', '/v1/sessions', bearing(ann), '4404 Not found'],
  ]
  for (const [name, path, offer, expected] of REFUSED) {
    await t.test(`${name}: ${expected}`, async () => {
      const { code, reason } = await (await nodeClient(t, `${place}${path}`, offer)).ended
      assert.equal(`${code} ${reason}`, expected)
    })
  }

  await t.test('a session is open once', async () => {
    const open = await nodeClient(t, `${place}/v1/sessions/7/stream`, bearing(ann))
    await open.next()
    const second = await nodeClient(t, `${place}/v1/sessions/7/stream`, bearing(ann))
    assert.deepEqual(await second.ended, { code: 1008, reason: 'Too many connections' })
    await open.close()
  })

  await t.test('it ends with its token', async () => {
    const client = await nodeClient(t, `${place}/v1/sessions/9/stream`, bearing(issue('bob', '9', 2)))
    assert.deepEqual(await client.ended, { code: 4001, reason: 'Session expired' })
  })

  await t.test('beside it HTTP passes', async () => {
    assert.equal(await (await fetch(`http://${place}/v1/sessions`)).text(), 'hello')
  })
})

test('what may be said in it', async (t) => {
  const { place } = await start(t)
  const visit = () => nodeClient(t, `${place}/v1/sessions/7/stream`, bearing(issue('ann', '7')))
  const invalid = '{"type":"error","message":"Invalid message format"}'

  await t.test('what does not fit the schema is answered with an error, and the connection goes on', async () => {
    const client = await visit()
    await client.next()
    const wrong = [
      '{"type":"input"}',
      '{"type":"admin"}',
      '{"type":"ping","as":"root"}',
      '{"type":"admin","type":"ping"}',
      'x',
    ]
    for (const text of wrong) {
      client.send(text)
      assert.equal(await client.next(), invalid, text)
    }
    const right = ['{"type":"input","text":"Grüße"}', '{"type":"cancel","turn":3}', '{"type":"ping"}']
    for (const text of right) {
      client.send(text)
      assert.equal(await client.next(), text)
    }
    await client.close()
  })

  await t.test('twenty messages a second, not twenty-one', async () => {
    const client = await visit()
    for (let sent = 0; sent < 21; sent++) client.send('{"type":"ping"}')
    assert.deepEqual(await client.ended, { code: 1008, reason: 'Rate limit exceeded' })
  })

  await t.test('no message above 64 KiB', async () => {
    const client = await visit()
    client.send(JSON.stringify({ type: 'input', text: 'x'.repeat(64 * 1024) }))
    assert.deepEqual(await client.ended, { code: 1009, reason: 'Message too big' })
  })
})
