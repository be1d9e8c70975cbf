/** What may be said by whom, and how messages arrive, with real clients and backends: whatever they agreed on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PerMessageDeflateOptions } from 'ws'
import { mintToken } from '../../src/tokens/mint.ts'
import { connect, DEFLATE, hearing, proxied } from '../support/spoken.ts'
import { eventually } from '../support/upgrades.ts'

const SECRET = 'a secret of these tests, forty bytes long'
const SAY = JSON.stringify({ type: 'object', properties: { text: { type: 'string', maxLength: 5000 } } })
const FILES = { '/test/say.json': SAY, '/test/any.json': 'true', '/test/secret': SECRET }

const token = (role: string) =>
  mintToken({ secret: SECRET, claims: { sub: 'ann', role }, ttlSeconds: 600, now: Date.now() })

const BY_TYPE = `
token: { from: [query:token], secretFile: secret }
messages:
  schemas: { say: say.json, admin.stop: any.json }
  allow: [{ types: ["admin.*"], when: { claim: role, equals: admin } }]
  rates: { say: 2/min }
  onInvalid: error
  errorMessage: "no"`

test('by type: a schema, a role, a rate', async (t) => {
  const behind = await hearing(t)
  const proxy = await proxied(t, behind, BY_TYPE.trim(), FILES)
  const said = ['{"type":"say"}', '{"type":"admin.stop"}', '{"type":"other"}', '{"type":"say","text":1}', '["say"]']
  for (const [role, heard] of [
    ['user', ['{"type":"say"}', '{"type":"say"}']],
    ['admin', ['{"type":"say"}', '{"type":"admin.stop"}', '{"type":"say"}']],
  ] as const) {
    behind.received.length = 0
    const { socket, messages } = await connect(t, proxy.url(`/?token=${await token(role)}`))
    const all = [...said, '{"type":"say"}', '{"type":"say"}']
    for (const text of all) socket.send(text)
    await eventually(() => behind.received.length + messages.length === all.length, 'all of them')
    assert.deepEqual(behind.received, heard)
  }
  const reasons = new Set(proxy.logs.filter(({ event }) => event === 'violated').map(({ reason }) => reason))
  assert.deepEqual(reasons, new Set(['message_not_allowed', 'message_invalid', 'message_rate']))
})

const OFFERS: [name: string, options: PerMessageDeflateOptions][] = [
  ['as it is', {}],
  ['small windows', { clientMaxWindowBits: 9, serverMaxWindowBits: 9 }],
  ['any window of the client', { clientMaxWindowBits: true as unknown as number }],
  ['the client without context', { clientNoContextTakeover: true }],
  ['the server without context', { serverNoContextTakeover: true }],
  ['both without context', { clientNoContextTakeover: true, serverNoContextTakeover: true }],
]

const ROUTES: [name: string, route: string][] = [
  ['close', 'messages: { schema: say.json }\noutbound: { fields: [password], action: close }'],
  [
    'drop and redact',
    'messages: { schema: say.json, onInvalid: drop }\noutbound: { fields: [password], action: redact }',
  ],
  ['dry run', 'mode: dry-run\nmessages: { schema: say.json, onInvalid: drop }\noutbound: { fields: [password] }'],
]

/** Different ones that repeat what came before, and empty ones: they are no JSON, and pass no schema. */
const TEXTS = Array.from({ length: 30 }, (_, index) =>
  JSON.stringify({ text: `${'repeated '.repeat(index * 9)}${index}` }),
)

for (const [how, route] of ROUTES) {
  for (const [name, offer] of OFFERS) {
    test(`what client and backend agree on about compression holds: ${name}, ${how}`, async (t) => {
      const behind = await hearing(t)
      const proxy = await proxied(t, behind, route, FILES)
      const { socket, messages } = await connect(t, proxy.url('/'), { perMessageDeflate: { ...DEFLATE, ...offer } })
      assert.match(socket.extensions, /permessage-deflate/)
      for (const text of TEXTS) {
        // In two fragments, a ping between them.
        socket.send(text.slice(0, 5), { fin: false })
        socket.ping()
        socket.send(text.slice(5))
        if (how === 'drop and redact') socket.send('')
        behind.sockets[0]?.send(text.slice(0, 7), { fin: false })
        behind.sockets[0]?.send(text.slice(7))
        behind.sockets[0]?.send('')
      }
      await eventually(() => behind.received.length >= TEXTS.length, 'what the backend hears')
      await eventually(() => messages.length >= 2 * TEXTS.length, 'what the client hears')
      assert.deepEqual(behind.received, TEXTS)
      assert.deepEqual(
        messages,
        TEXTS.flatMap((text) => [text, '']),
      )
    })
  }
}

test('a schema that changes counts from the next message on; one with a mistake changes nothing', async (t) => {
  const behind = await hearing(t)
  const files: Record<string, string> = { ...FILES }
  const proxy = await proxied(t, behind, 'messages: { schema: say.json, onInvalid: drop }', files)
  const { socket } = await connect(t, proxy.url('/'))
  const heard = async (text: string) => {
    const before = behind.received.length
    socket.send('{"text":1}')
    socket.send(text)
    await eventually(() => behind.received.at(-1) === text, text)
    return behind.received.slice(before, -1)
  }
  assert.deepEqual(await heard('{"text":"one"}'), [])
  files['/test/say.json'] = '{"type":"object"}'
  assert.equal((await proxy.running.reload()).ok, true)
  assert.deepEqual(await heard('{"text":"two"}'), ['{"text":1}'])
  files['/test/say.json'] = '{"typo":"object"}'
  assert.equal((await proxy.running.reload()).ok, false)
  assert.deepEqual(await heard('{"text":"three"}'), ['{"text":1}'])
})
