import assert from 'node:assert/strict'
import { test } from 'node:test'
import { token } from '../../src/checks/token.ts'
import { Counts } from '../../src/limits/counts.ts'
import { assembly, conclusion } from '../support/check.ts'
import { connection } from '../support/connection.ts'
import { good, problemsOf } from '../support/load.ts'

const SECRET = 'a secret of at least thirty-two bytes'
const FROM = ['query:token', 'message:payload.authorization']

function waiting(written: object = {}, given = assembly()) {
  const made = token.onFirstMessage?.(token.settings.parse({ secret: SECRET, from: FROM, ...written }), given)
  assert.ok(made)
  return made
}

test('the first message is waited for where no other place has a token', () => {
  const { isAwaited } = waiting()
  assert.equal(isAwaited(connection()), true)
  assert.equal(isAwaited(connection({ target: '/ws?token=' })), true)
  assert.equal(isAwaited(connection({ target: '/ws?token=x' })), false)
  const tickets = { withoutToken: String, payload: () => '', redeem: () => undefined }
  const ticketed = waiting({}, assembly({ tokens: tickets }))
  assert.equal(ticketed.isAwaited(connection({ target: '/ws?ticket=x' })), false)
  assert.equal(ticketed.isAwaited(connection()), true)
})

test('a route whose tokens stand elsewhere waits for nobody', () => {
  assert.equal(token.onFirstMessage?.(token.settings.parse({ secret: SECRET }), assembly()), undefined)
})

const PROTOCOLS: [offered: string | undefined, chosen: string | undefined, verdict: string][] = [
  [undefined, undefined, 'pass'],
  ['graphql-ws', 'graphql-ws', 'pass'],
  ['chat, graphql-ws, graphql-transport-ws', 'graphql-ws', 'pass'],
  ['Graphql-ws', undefined, 'bad_request'],
  ['chat', undefined, 'bad_request'],
]

for (const [offered, chosen, verdict] of PROTOCOLS) {
  test(`offered ${offered}`, async () => {
    const { protocolOf, place } = waiting()
    const of = connection(offered === undefined ? {} : { headers: { 'Sec-WebSocket-Protocol': offered } })
    assert.equal(protocolOf(of), chosen)
    assert.equal(conclusion(await place(of)), verdict)
  })
}

test('only so many may wait, and who is done leaves his place', async () => {
  const counts = new Counts<never>()
  const { place } = waiting({ firstMessage: { waiters: 2 } }, assembly({ counts: counts as never }))
  const [one, two, three] = [await place(connection()), await place(connection()), await place(connection())]
  assert.deepEqual([one, two, three].map(conclusion), ['pass', 'pass', 'too_many_connections'])
  if (one.ok) one.release?.()
  assert.equal(conclusion(await place(connection())), 'pass')
  if (two.ok) two.release?.()
})

const route = (section: string) =>
  `upstream: http://127.0.0.1:1\nroutes: [{ token: { secret: ${SECRET}, ${section} } }]\n`
const MESSAGE = 'from: ["message:token"]'

const PROBLEMS: [section: string, expected: RegExp][] = [
  ['from: ["message:a..b"]', /token\.from\[0\].*expected the names of fields/],
  ['from: ["mesage:token"]', /did you mean "message:…"/],
  ['firstMessage: {}', /token\.firstMessage: no token stands in a message/],
  [`${MESSAGE}, firstMessage: { size: 0 }`, /token\.firstMessage\.size: expected a size from 1 to 1MiB/],
  [`${MESSAGE}, firstMessage: { size: 2MiB }`, /token\.firstMessage\.size: expected a size/],
  [`${MESSAGE}, firstMessage: { waiters: 0 }`, /waiters: expected a whole number from 1/],
  [`${MESSAGE}, firstMessage: { timeout: 1ms }`, /timeout/],
  [`${MESSAGE}, firstMessage: { protocols: ["a b"] }`, /protocols: a subprotocol has no separators/],
  [`${MESSAGE}, strip: true`, /token\.strip: a message reaches the backend as it came/],
]

for (const [section, expected] of PROBLEMS) {
  test(`wrong: ${section}`, () => assert.match(problemsOf({ yaml: route(section) }).join('\n'), expected))
}

test('what rejectWith cannot do any more is said', () => {
  const { warnings } = good({ yaml: `rejectWith: http\n${route(MESSAGE)}` })
  assert.match(warnings.join('\n'), /refused with a close code, whatever rejectWith says/)
  assert.deepEqual(good({ yaml: route(`${MESSAGE}, firstMessage: { protocols: [] }`) }).warnings, [])
})
