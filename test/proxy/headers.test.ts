import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ClientFacts, endToEnd, pairs, passableTrailers, toBackend } from '../../src/proxy/headers.ts'

const FACTS: ClientFacts = {
  peer: '10.0.0.1',
  ip: '203.0.113.9',
  chain: ['203.0.113.9'],
  trusted: true,
  forwardedHeader: 'x-forwarded-for',
  secure: false,
  host: 'app.example.com',
  requestId: 'id-1',
  removed: ['x-auth-user', 'x_auth_claims'],
}
const DIRECT: ClientFacts = { ...FACTS, peer: '203.0.113.9', chain: [], trusted: false }

const END_TO_END: [name: string, raw: string[], expected: string[]][] = [
  ['nothing', [], []],
  ['order, case and repetition stay', ['b', '1', 'A', '2', 'B', '3', 'a', ''], ['b', '1', 'A', '2', 'B', '3', 'a', '']],
  ['Latin-1 stays', ['X', '\xe9\xff'], ['X', '\xe9\xff']],
  [
    'hop-by-hop',
    'Connection,Keep-Alive,Proxy-Connection,Proxy-Authenticate,Proxy-Authorization,Proxy-X,Proxy,TE,Trailer,Transfer-Encoding,UPGRADE,HTTP2-Settings'
      .split(',')
      .flatMap((name) => [name, 'v']),
    [],
  ],
  [
    'named by Connection',
    ['Connection', 'close, X-One', 'x-one', '1', 'connection', 'X-TWO', 'X-Two', '2', 'Z', '3'],
    ['Z', '3'],
  ],
  [
    'essential, though named',
    [
      'Connection',
      'Host, content-length,Cookie, authorization, X-Forwarded-For, Forwarded, X-Real-IP, Sec-WebSocket-Key, origin',
    ].concat(
      'Host,Content-Length,Cookie,Authorization,X-Forwarded-For,Forwarded,X-Real-IP,Sec-WebSocket-Key,Origin'
        .split(',')
        .flatMap((name) => [name, 'v']),
    ),
    'Host,Content-Length,Cookie,Authorization,X-Forwarded-For,Forwarded,X-Real-IP,Sec-WebSocket-Key,Origin'
      .split(',')
      .flatMap((name) => [name, 'v']),
  ],
  [
    'names that objects have',
    ['Connection', '__proto__, constructor', '__proto__', '1', 'toString', '2'],
    ['toString', '2'],
  ],
]

test('endToEnd', () => {
  for (const [name, raw, expected] of END_TO_END) assert.deepEqual(endToEnd(raw), expected, name)
})

const ours = (xff: string, proto = 'http', host = 'app.example.com', ip = '203.0.113.9') => [
  ['X-Forwarded-For', xff],
  ['X-Real-IP', ip],
  ['X-Forwarded-Proto', proto],
  ['X-Forwarded-Host', host],
  ['X-Request-ID', 'id-1'],
]
const TRUSTED_OURS = ours('203.0.113.9, 10.0.0.1')
const DIRECT_OURS = ours('203.0.113.9')
const CLAIMS = [
  ['X-Forwarded-For', '1.1.1.1'],
  ['x-forwarded-proto', 'https'],
  ['X-Forwarded-Host', 'evil.example'],
  ['X-Forwarded-Port', '1'],
  ['Forwarded', 'for=1.1.1.1'],
  ['X-Real-IP', '1.1.1.1'],
  ['X-Request-ID', 'theirs'],
]
const CONNECTING = [
  ['CF-Connecting-IP', '1.1.1.1'],
  ['CF_Connecting_IP', '1.1.1.1'],
]
const spoken = (xff: string, forwarded: string) => [
  ['X-Forwarded-For', xff],
  ['Forwarded', forwarded],
  ...ours(xff, 'https', 'evil.example', '2001:db8::1').slice(1),
]
const UNDERSCORED = CLAIMS.map(([name = '', value = '']) => [name.replaceAll('-', '_').toUpperCase(), value])
const IDENTITY = ['X-Auth-User', 'x_auth_user', 'X-Auth_User', 'X-AUTH-CLAIMS', 'X_Auth_Claims'].map((name) => [
  name,
  'root',
])

const TO_BACKEND: [name: string, raw: string[][], facts: ClientFacts, expected: string[][]][] = [
  ['Host first, as it came', [['hOST', 'App.Example.com']], DIRECT, [['hOST', 'App.Example.com'], ...DIRECT_OURS]],
  ['untrusted claims', CLAIMS, DIRECT, DIRECT_OURS],
  ['untrusted claims with _', [...UNDERSCORED, ['Forwarded_', 'x']], DIRECT, [['Forwarded_', 'x'], ...DIRECT_OURS]],
  ['trusted claims with _', UNDERSCORED.filter(([name]) => name !== 'FORWARDED'), FACTS, TRUSTED_OURS],
  ['identity', IDENTITY, FACTS, TRUSTED_OURS],
  [
    'trusted claims',
    CLAIMS,
    FACTS,
    [['X-Forwarded-Port', '1'], ...ours('203.0.113.9, 10.0.0.1', 'https', 'evil.example')],
  ],
  [
    'trusted claims where Forwarded is spoken: it is said anew',
    CLAIMS,
    { ...FACTS, forwardedHeader: 'forwarded', chain: ['2001:db8::1', '10.0.0.2'], ip: '2001:db8::1' },
    [
      ['X-Forwarded-Port', '1'],
      ...spoken('2001:db8::1, 10.0.0.2, 10.0.0.1', 'for="[2001:db8::1]", for=10.0.0.2, for=10.0.0.1'),
    ],
  ],
  [
    'Forwarded of a client',
    [['FORWARDED', 'for=1.1.1.1']],
    { ...DIRECT, forwardedHeader: 'forwarded' },
    [['X-Forwarded-For', '203.0.113.9'], ['Forwarded', 'for=203.0.113.9'], ...DIRECT_OURS.slice(1)],
  ],
  [
    'Forwarded of a unix peer that named nobody',
    [],
    { ...FACTS, forwardedHeader: 'forwarded', peer: 'unix', ip: 'unix', chain: [] },
    ours('', 'http', 'app.example.com', 'unix').slice(1),
  ],
  ['a configured header of a client', CONNECTING, { ...DIRECT, forwardedHeader: 'cf-connecting-ip' }, DIRECT_OURS],
  [
    'a configured header of a trusted peer: as it came, but not with _',
    CONNECTING,
    { ...FACTS, forwardedHeader: 'cf-connecting-ip' },
    [...CONNECTING.slice(0, 1), ...TRUSTED_OURS],
  ],
  [
    'a configured header with _ of a trusted peer',
    [
      ['Real_IP', '1.1.1.1'],
      ['Real-IP', '2.2.2.2'],
    ],
    { ...FACTS, forwardedHeader: 'real_ip' },
    [['Real_IP', '1.1.1.1'], ['Real-IP', '2.2.2.2'], ...TRUSTED_OURS],
  ],
  ['a header that is not configured', CONNECTING, DIRECT, [...CONNECTING, ...DIRECT_OURS]],
  ['a trusted wss', [['X-Forwarded-Proto', 'wss']], FACTS, ours('203.0.113.9, 10.0.0.1', 'wss')],
  [
    'a trusted list',
    [
      ['X-Forwarded-Proto', 'https, http'],
      ['X-Forwarded-Host', 'a, b'],
    ],
    FACTS,
    TRUSTED_OURS,
  ],
  [
    'a trusted pair',
    [
      ['X-Forwarded-Host', 'a'],
      ['x-forwarded-host', 'b'],
    ],
    FACTS,
    TRUSTED_OURS,
  ],
  [
    'trusted nonsense',
    [
      ['X-Forwarded-Proto', 'javascript'],
      ['X-Forwarded-Host', 'a/b'],
    ],
    FACTS,
    TRUSTED_OURS,
  ],
  ['TLS', [], { ...DIRECT, secure: true }, ours('203.0.113.9', 'https')],
  ['a unix peer', [], { ...FACTS, peer: 'unix' }, ours('203.0.113.9')],
  [
    'a unix peer that named nobody',
    [],
    { ...FACTS, peer: 'unix', ip: 'unix', chain: [] },
    ours('', 'http', 'app.example.com', 'unix').slice(1),
  ],
  ['no Host', [], { ...DIRECT, host: '' }, DIRECT_OURS.filter(([name]) => name !== 'X-Forwarded-Host')],
  ['named by Connection, ours are added', [['Connection', 'X-Real-IP, X-Forwarded-For']], DIRECT, DIRECT_OURS],
]

test('toBackend', () => {
  for (const [name, raw, facts, expected] of TO_BACKEND) {
    assert.deepEqual([...pairs(toBackend(raw.flat(), facts))], expected, name)
  }
})

test('property: an untrusted client cannot say what only we say, in any spelling', () => {
  const target = fc.constantFrom(
    'x-forwarded-for',
    'forwarded',
    'x-real-ip',
    'x-request-id',
    'x-auth-user',
    'x-forwarded-prefix',
  )
  const spelt = target.chain((name) =>
    fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: name.length, maxLength: name.length }).map((choices) =>
      [...name]
        .map((letter, index) => {
          const [isUpper, isUnderscore] = choices[index] ?? [false, false]
          if (letter === '-') return isUnderscore ? '_' : '-'
          return isUpper ? letter.toUpperCase() : letter
        })
        .join(''),
    ),
  )
  fc.assert(
    fc.property(fc.array(spelt, { maxLength: 8 }), (names) => {
      const result = toBackend(
        names.flatMap((name) => [name, 'SPOOF']),
        DIRECT,
      )
      assert.ok(!result.includes('SPOOF'), names.join())
    }),
  )
})

test('passableTrailers', () => {
  const raw = [
    'X-Checksum',
    '1',
    'x-checksum',
    '2',
    'Content-Length',
    '5',
    'Host',
    'h',
    'X-Auth-User',
    'root',
    'X_Auth_User',
    'root',
  ]
  raw.push(
    'X-Forwarded-For',
    '1.1.1.1',
    'X_Real_IP',
    '1.1.1.1',
    'Transfer-Encoding',
    'chunked',
    'Set-Cookie',
    'a',
    'Authorization',
    'b',
  )
  assert.deepEqual(passableTrailers(raw, ['x-auth-user']), [
    ['X-Checksum', '1'],
    ['x-checksum', '2'],
  ])
})
