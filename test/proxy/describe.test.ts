import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseTrusted } from '../../src/net/cidr.ts'
import { describe, type RawRequest } from '../../src/proxy/describe.ts'

const raw = (rawHeaders: readonly string[] = [], more: Partial<RawRequest> = {}): RawRequest => ({
  target: '/ws?a=1',
  rawHeaders,
  remoteAddress: '127.0.0.1',
  encrypted: false,
  ...more,
})
const nobody = parseTrusted([])
const loopback = parseTrusted(['loopback'])

test('the target is split at the first ?, and its path left as it is; of the absolute form, what is behind the host', () => {
  const cases: [target: string, path: string, query: string][] = [
    ['/', '/', ''],
    ['/a?', '/a', ''],
    ['/a?b?c', '/a', 'b?c'],
    ['/%2F..//?%zz', '/%2F..//', '%zz'],
    ['//a', '//a', ''],
    ['http://host/ws?x', '/ws', 'x'],
    ['http://host', '/', ''],
    ['HTTP://host?x', '/', 'x'],
    ['http://[::1', '/', ''],
    ['*', '*', ''],
  ]
  for (const [target, path, query] of cases) {
    const connection = describe(raw([], { target }), nobody, 5)
    assert.deepEqual([connection.path, connection.query, connection.at], [path, query, 5], target)
  }
})

test('headers are found whatever their case, every line of them; names are keys of no object (trap 48)', () => {
  const { header } = describe(raw(['X-A', '1', 'x-a', '2', '__proto__', 'p', 'constructor', 'c']), nobody, 0)
  assert.deepEqual(header('x-a'), ['1', '2'])
  assert.deepEqual(header('__proto__'), ['p'])
  assert.deepEqual(header('constructor'), ['c'])
  assert.deepEqual(header('tostring'), [])
  assert.deepEqual(header('hasownproperty'), [])
})

test('claims of a trusted peer hold, of any other they mean nothing', () => {
  const claims = ['X-Forwarded-For', '203.0.113.7, 127.0.0.1', 'X-Forwarded-Proto', 'HTTPS', 'X-Request-ID', 'abc-1']
  const trusted = describe(raw(claims), loopback, 0)
  assert.deepEqual([trusted.ip, trusted.secure, trusted.id, trusted.trusted], ['203.0.113.7', true, 'abc-1', true])
  const untrusted = describe(raw(claims), nobody, 0)
  assert.deepEqual([untrusted.ip, untrusted.secure, untrusted.trusted], ['127.0.0.1', false, false])
  assert.notEqual(untrusted.id, 'abc-1')
  assert.deepEqual(describe(raw([], { encrypted: true }), nobody, 0).secure, true)
})

test('a request id is one sane value, or ours', () => {
  for (const ids of [[''], ['a b'], ['x'.repeat(129)], ['caf\xe9'], ['a', 'b'], []]) {
    const { id } = describe(raw(ids.flatMap((value) => ['X-Request-ID', value])), loopback, 0)
    assert.match(id, /^[0-9a-f-]{36}$/, ids.join())
  }
})

test('addresses are canonical; on a unix socket the peer is that', () => {
  assert.equal(describe(raw([], { remoteAddress: '::ffff:192.0.2.1' }), nobody, 0).ip, '192.0.2.1')
  const unix = describe(raw(['X-Forwarded-For', '192.0.2.9'], { remoteAddress: undefined }), parseTrusted(['unix']), 0)
  assert.deepEqual([unix.peer, unix.ip], ['unix', '192.0.2.9'])
})

test('subprotocols of every line, in order, without blanks', () => {
  const lines = ['Sec-WebSocket-Protocol', 'a, b,,', 'sec-websocket-protocol', ' c ']
  assert.deepEqual(describe(raw(lines), nobody, 0).protocols, ['a', 'b', 'c'])
})

test('nothing makes it throw', () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 })
  const name = fc.constantFrom(
    'X-Forwarded-For',
    'X-Forwarded-Proto',
    'X-Request-ID',
    'Sec-WebSocket-Protocol',
    'Host',
    '__proto__',
  )
  fc.assert(
    fc.property(
      text,
      fc.array(fc.tuple(name, text)),
      fc.option(text, { nil: undefined }),
      (target, headers, remoteAddress) => {
        const connection = describe(raw(headers.flat(), { target, remoteAddress }), loopback, 0)
        assert.ok(connection.path === '/' || target.includes(connection.path))
      },
    ),
  )
})
