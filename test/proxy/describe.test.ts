import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { describe, type RawRequest } from '../../src/proxy/describe.ts'
import { trusting } from '../support/trust.ts'

const raw = (rawHeaders: readonly string[] = [], more: Partial<RawRequest> = {}): RawRequest => ({
  target: '/ws?a=1',
  rawHeaders,
  remoteAddress: '127.0.0.1',
  encrypted: false,
  ...more,
})
const NOW = { at: 0, clock: 0 }
const nobody = trusting([])
const loopback = trusting(['loopback'])

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
    const connection = describe(raw([], { target }), nobody, { at: 5, clock: 7 })
    assert.deepEqual([connection.path, connection.query, connection.at, connection.clock], [path, query, 5, 7], target)
  }
})

test('headers are found whatever their case, every line of them; names are keys of no object (trap 48)', () => {
  const { header } = describe(raw(['X-A', '1', 'x-a', '2', '__proto__', 'p', 'constructor', 'c']), nobody, NOW)
  assert.deepEqual(header('x-a'), ['1', '2'])
  assert.deepEqual(header('__proto__'), ['p'])
  assert.deepEqual(header('constructor'), ['c'])
  assert.deepEqual(header('tostring'), [])
  assert.deepEqual(header('hasownproperty'), [])
})

test('claims of a trusted peer hold, of any other they mean nothing', () => {
  const claims = ['X-Forwarded-For', '203.0.113.7, 127.0.0.1', 'X-Forwarded-Proto', 'HTTPS', 'X-Request-ID', 'abc-1']
  const trusted = describe(raw(claims), loopback, NOW)
  assert.deepEqual([trusted.ip, trusted.secure, trusted.id, trusted.trusted], ['203.0.113.7', true, 'abc-1', true])
  const untrusted = describe(raw(claims), nobody, NOW)
  assert.deepEqual([untrusted.ip, untrusted.secure, untrusted.trusted], ['127.0.0.1', false, false])
  assert.notEqual(untrusted.id, 'abc-1')
  assert.deepEqual(describe(raw([], { encrypted: true }), nobody, NOW).secure, true)
})

test('claims that come through a trusted peer that does not say from whom mean nothing', () => {
  const claims = ['X-Forwarded-For', '203.0.113.7', 'X-Forwarded-Proto', 'https', 'X-Request-ID', 'abc-1']
  const { ip, chain, secure, id, trusted, unvouched } = describe(raw(claims, { hidesClient: true }), loopback, NOW)
  assert.deepEqual([ip, chain, secure, trusted, unvouched], ['127.0.0.1', [], false, false, true])
  assert.notEqual(id, 'abc-1')
})

test('a request id is one sane value, or ours', () => {
  for (const ids of [[''], ['a b'], ['x'.repeat(129)], ['caf\xe9'], ['a', 'b'], []]) {
    const { id } = describe(raw(ids.flatMap((value) => ['X-Request-ID', value])), loopback, NOW)
    assert.match(id, /^[0-9a-f-]{36}$/, ids.join())
  }
})

test('addresses are canonical; on a unix socket the peer is that', () => {
  assert.equal(describe(raw([], { remoteAddress: '::ffff:192.0.2.1' }), nobody, NOW).ip, '192.0.2.1')
  const unix = describe(raw(['X-Forwarded-For', '192.0.2.9'], { remoteAddress: undefined }), trusting(['unix']), NOW)
  assert.deepEqual([unix.peer, unix.ip], ['unix', '192.0.2.9'])
})

test('an IPv6 client is counted by its network', () => {
  const cases: [remote: string | undefined, ipv6Prefix: number, key: string][] = [
    ['192.0.2.1', 64, '192.0.2.1'],
    ['::ffff:192.0.2.1', 64, '192.0.2.1'],
    ['2001:db8::1:2:3:4', 64, '2001:db8::/64'],
    ['2001:db8::1:2:3:4', 128, '2001:db8::1:2:3:4/128'],
    ['2001:db8::1:2:3:4', 1, '::/1'],
    ['fe80::1%eth0', 64, 'fe80::/64'],
    [undefined, 64, 'unix'],
  ]
  for (const [remoteAddress, ipv6Prefix, key] of cases) {
    assert.equal(describe(raw([], { remoteAddress }), trusting([], { ipv6Prefix }), NOW).ipKey, key)
  }
})

test('the client is named by the configured header alone', () => {
  const headers = [
    ['X-Forwarded-For', '192.0.2.1'],
    ['X-Real-IP', '192.0.2.2'],
    ['Forwarded', 'for=192.0.2.3, for="[2001:db8::1]";proto=https;by=_me'],
    ['CF-Connecting-IP', '192.0.2.4'],
  ].flat()
  const cases: [forwardedHeader: string, ip: string][] = [
    ['x-forwarded-for', '192.0.2.1'],
    ['x-real-ip', '192.0.2.2'],
    ['forwarded', '2001:db8::1'],
    ['cf-connecting-ip', '192.0.2.4'],
    ['x-other', '127.0.0.1'],
    ['__proto__', '127.0.0.1'],
  ]
  for (const [forwardedHeader, ip] of cases) {
    assert.equal(describe(raw(headers), trusting(['loopback'], { forwardedHeader }), NOW).ip, ip, forwardedHeader)
    assert.equal(describe(raw(headers), trusting([], { forwardedHeader }), NOW).ip, '127.0.0.1', forwardedHeader)
  }
})

const UNVOUCHED: [name: string, trusted: string[], headers: string[], expected: boolean][] = [
  ['no header', ['loopback'], [], false],
  ['a trusted proxy names the client', ['loopback'], ['X-Forwarded-For', '192.0.2.1'], false],
  ['the same in two headers', ['loopback'], ['X-Forwarded-For', '192.0.2.1', 'X-Real-IP', '192.0.2.1'], false],
  ['the peer itself', [], ['X-Forwarded-For', '127.0.0.1'], false],
  ['a peer that is not trusted names another', [], ['X-Forwarded-For', '192.0.2.1'], true],
  ['in any of the headers', [], ['X-Real-IP', '192.0.2.1'], true],
  ['in Forwarded', [], ['Forwarded', 'for=192.0.2.1'], true],
  ['in the configured one', [], ['X-Client', '192.0.2.1'], true],
  ['in one that nobody reads', [], ['X-Other', '192.0.2.1'], false],
  ['behind the client', ['loopback'], ['X-Forwarded-For', '192.0.2.9, 192.0.2.1'], true],
  ['behind rubbish', ['loopback'], ['X-Forwarded-For', '192.0.2.9, rubbish'], true],
  ['rubbish alone', [], ['X-Forwarded-For', 'unknown, _x, ,'], false],
  [
    'another in a header that is not asked',
    ['loopback'],
    ['X-Forwarded-For', '192.0.2.1', 'X-Real-IP', '192.0.2.9'],
    true,
  ],
  ['more than stand in any row', [], ['X-Forwarded-For', ','.repeat(64)], true],
]

test('addresses that no trusted proxy vouches for', () => {
  for (const [name, trusted, headers, expected] of UNVOUCHED) {
    const forwardedHeader = name.includes('configured') ? 'x-client' : 'x-forwarded-for'
    assert.equal(describe(raw(headers), trusting(trusted, { forwardedHeader }), NOW).unvouched, expected, name)
  }
})

test('subprotocols of every line, in order, without blanks', () => {
  const lines = ['Sec-WebSocket-Protocol', 'a, b,,', 'sec-websocket-protocol', ' c ']
  assert.deepEqual(describe(raw(lines), nobody, NOW).protocols, ['a', 'b', 'c'])
})

test('nothing makes it throw', () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 })
  const name = fc.constantFrom(
    'X-Forwarded-For',
    'Forwarded',
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
        const connection = describe(raw(headers.flat(), { target, remoteAddress }), loopback, NOW)
        assert.ok(connection.path === '/' || target.includes(connection.path))
      },
    ),
  )
})
