import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestShape } from '../../src/checks/shape.ts'
import { connection, type Handshake } from '../support/connection.ts'

const READS = ['query:token', 'header:origin', 'header:authorization', 'cookie:session', 'protocol:bearer']
const judge = requestShape(READS)

const problemOf = async (handshake: Handshake): Promise<string> => {
  const verdict = await judge(connection(handshake))
  assert.equal(verdict.ok ? 'bad_request' : verdict.reason, 'bad_request')
  return verdict.ok ? '' : (verdict.detail ?? '')
}

const TWICE = 'query parameter token stands more than once'

const REFUSED: [name: string, handshake: Handshake, detail: string | RegExp][] = [
  ['the parameter twice', { target: '/ws?token=a&token=b' }, TWICE],
  ['the parameter twice, equal', { target: '/ws?token=a&token=a' }, TWICE],
  ['the parameter twice, one empty', { target: '/ws?token=a&token=' }, TWICE],
  ['the parameter twice, one bare', { target: '/ws?token=a&token' }, TWICE],
  ['apart', { target: '/ws?token=a&x=1&y=2&token=b' }, TWICE],
  ['in another case', { target: '/ws?token=a&Token=b' }, TWICE],
  ['encoded', { target: '/ws?token=a&%74oken=b' }, TWICE],
  ['encoded twice', { target: '/ws?token=a&%2574oken=b' }, TWICE],
  ['encoded three times', { target: '/ws?token=a&%252574oken=b' }, TWICE],
  ['as an array', { target: '/ws?token=a&token[]=b' }, TWICE],
  ['as an encoded array', { target: '/ws?token=a&token%5B%5D=b' }, TWICE],
  ['as an array with an index', { target: '/ws?token[0]=a&token[1]=b' }, TWICE],
  ['as an object', { target: '/ws?token=a&token[x]=b' }, TWICE],
  ['as a dotted object', { target: '/ws?token=a&token.x=b' }, TWICE],
  ['after a semicolon', { target: '/ws?token=a;token=b' }, TWICE],
  ['padded with a plus', { target: '/ws?token=a&token+=b' }, TWICE],
  ['padded with a blank', { target: '/ws?token=a&%20token=b' }, TWICE],
  ['cut at a NUL', { target: '/ws?token=a&token%00x=b' }, TWICE],
  ['a NUL in its value', { target: '/ws?token=a%00b' }, /control byte/],
  ['a line end in its value', { target: '/ws?token=a%0d%0ab' }, /control byte/],
  ['a line end in its value, encoded twice', { target: '/ws?token=a%250ab' }, /control byte/],
  ['a NUL in its name', { target: '/ws?token%00=a' }, /control byte/],
  ['two Origin lines', { headers: { Origin: ['https://a.example', 'https://b.example'] } }, /origin/],
  ['two Authorization lines', { headers: { Authorization: ['Bearer a', 'Basic b'] } }, /authorization/],
  ['two cookies of the name', { headers: { Cookie: 'session=a; session=b' } }, /cookie session/],
  ['two cookie lines', { headers: { Cookie: ['session=a', 'x=1; session=b'] } }, /cookie session/],
  ['two bearer tokens', { headers: { 'Sec-WebSocket-Protocol': 'bearer, a, bearer, b' } }, /protocol:bearer/],
  ['two bearer tokens, another case', { headers: { 'Sec-WebSocket-Protocol': ['bearer, a', 'Bearer, b'] } }, /bearer/],
]

for (const [name, handshake, expected] of REFUSED) {
  test(`refused: ${name}`, async () => {
    const detail = await problemOf(handshake)
    if (typeof expected === 'string') assert.equal(detail, expected)
    else assert.match(detail, expected)
  })
}

const PASSED: [name: string, handshake: Handshake][] = [
  ['nothing of what is read', {}],
  [
    'everything once',
    {
      target: '/ws/a?token=x.y.z',
      headers: {
        Origin: 'https://a.example',
        Authorization: 'Bearer a',
        Cookie: 'session=a; theme=dark',
        'Sec-WebSocket-Protocol': 'chat, bearer, abc',
      },
    },
  ],
  ['another parameter twice', { target: '/ws?token=a&tag=1&tag=2' }],
  ['another parameter as an array', { target: '/ws?token=a&ids[]=1&ids[]=2' }],
  ['names that begin alike', { target: '/ws?token=a&tokens=b&token_id=c&xtoken=d' }],
  ['its name as a value', { target: '/ws?token=a&next=token' }],
  ['its name inside an encoded value', { target: '/ws?token=a&next=%2Fx%3Ftoken%3Db' }],
  ['a line end in another parameter', { target: '/ws?token=a&text=hello%0Aworld' }],
  ['a malformed escape elsewhere', { target: '/ws?token=a&x=%zz&y=100%' }],
  ['dots in the query', { target: '/ws?path=../../x%2f..&token=a' }],
  ['another cookie twice', { headers: { Cookie: 'theme=a; theme=b; session=c' } }],
  ['a cookie in another case', { headers: { Cookie: 'session=a; Session=b' } }],
  ['other headers twice', { headers: { 'X-Tag': ['a', 'b'] } }],
  ['subprotocols without a token', { headers: { 'Sec-WebSocket-Protocol': 'chat, superchat' } }],
]

for (const [name, handshake] of PASSED) {
  test(`passed: ${name}`, async () => assert.equal(await problemOf(handshake), ''))
}

test('only what is read must stand once', async () => {
  const lenient = requestShape([])
  const handshake = {
    target: '/ws?token=a&token=b',
    headers: { Origin: ['a', 'b'], Cookie: 'session=a; session=b' },
  }
  assert.equal((await lenient(connection(handshake))).ok, true)
})

test('a long query of other names is read in linear time', async () => {
  const target = `/ws?${'a=%2525252525&'.repeat(1000)}token=x`
  const started = performance.now()
  assert.equal(await problemOf({ target }), '')
  assert.ok(performance.now() - started < 200)
})
