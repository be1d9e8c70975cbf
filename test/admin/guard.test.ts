import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { test } from 'node:test'
import { createGuard } from '../../src/admin/guard.ts'

const ADMITTED = undefined
type Row = [name: string, headers: IncomingHttpHeaders, status: 401 | 403 | undefined]

const OPEN: Row[] = [
  ['localhost', { host: 'localhost:9465' }, ADMITTED],
  ['a name below localhost', { host: 'admin.localhost' }, ADMITTED],
  ['localhost in capitals', { host: 'LOCALHOST:9465' }, ADMITTED],
  ['127.0.0.1', { host: '127.0.0.1:9465' }, ADMITTED],
  ['another loopback address', { host: '127.9.9.9' }, ADMITTED],
  ['[::1]', { host: '[::1]:9465' }, ADMITTED],
  ['the listening host', { host: 'Node-1.internal:9465' }, ADMITTED],
  ['no Host', {}, 403],
  ['an empty Host', { host: '' }, 403],
  ['a rebound name', { host: 'evil.example:9465' }, 403],
  ['a rebound name that begins like loopback', { host: '127.0.0.1.evil.example' }, 403],
  ['a rebound name that ends like localhost', { host: 'evil-localhost' }, 403],
  ['userinfo', { host: 'localhost@evil.example' }, 403],
  ['two hosts in one', { host: 'localhost, evil.example' }, 403],
  ['a shortened address', { host: '127.1' }, 403],
  ['any other address', { host: '192.0.2.1:9465' }, 403],
  ['the own origin', { host: 'localhost:9465', origin: 'http://localhost:9465' }, ADMITTED],
  ['the own origin behind TLS', { host: 'localhost:9465', origin: 'https://localhost:9465' }, ADMITTED],
  ['a foreign origin', { host: 'localhost:9465', origin: 'https://evil.example' }, 403],
  ['another port of the same host', { host: 'localhost:9465', origin: 'http://localhost:3000' }, 403],
  ['an opaque origin', { host: 'localhost:9465', origin: 'null' }, 403],
  ['an origin that begins like the own', { host: 'localhost:9465', origin: 'http://localhost:9465.evil.example' }, 403],
  ['a cross-site request', { host: 'localhost:9465', 'sec-fetch-site': 'cross-site' }, 403],
  ['a same-origin request', { host: 'localhost:9465', 'sec-fetch-site': 'same-origin' }, ADMITTED],
  ['a typed address', { host: 'localhost:9465', 'sec-fetch-site': 'none' }, ADMITTED],
]

const HOST = { host: 'admin.example' }
const LOCKED: Row[] = [
  ['the token', { ...HOST, authorization: 'Bearer right-token' }, ADMITTED],
  ['the token, scheme in lower case', { ...HOST, authorization: 'bearer  right-token' }, ADMITTED],
  ['no token', HOST, 401],
  ['no token from loopback', { host: 'localhost' }, 401],
  ['a wrong token', { ...HOST, authorization: 'Bearer wrong-token' }, 401],
  ['a beginning of the token', { ...HOST, authorization: 'Bearer right' }, 401],
  ['more than the token', { ...HOST, authorization: 'Bearer right-token right-token' }, 401],
  ['an empty token', { ...HOST, authorization: 'Bearer ' }, 401],
  ['another scheme', { ...HOST, authorization: 'Basic right-token' }, 401],
  ['the token and a malformed Host', { host: 'a b', authorization: 'Bearer right-token' }, 403],
  [
    'the token and a foreign origin',
    { ...HOST, origin: 'https://evil.example', authorization: 'Bearer right-token' },
    403,
  ],
]

function table(title: string, token: string | undefined, rows: readonly Row[]) {
  const guard = createGuard({ token: () => token, allowedHosts: ['node-1.internal'] })
  for (const [name, headers, status] of rows) {
    test(`guard, ${title}: ${name}`, () => assert.equal(guard(headers)?.status, status))
  }
}

table('no token set', undefined, OPEN)
table('a token set', 'right-token', LOCKED)

test('guard: a token that was rotated is the one that counts', () => {
  let token = 'old'
  const guard = createGuard({ token: () => token, allowedHosts: [] })
  token = 'new'
  assert.equal(guard({ ...HOST, authorization: 'Bearer new' }), ADMITTED)
  assert.equal(guard({ ...HOST, authorization: 'Bearer old' })?.status, 401)
})
