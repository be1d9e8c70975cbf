/** What a page in Chromium reads of each judgement: the code, reason and `wasClean` of its CloseEvent. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Frame, Page } from 'playwright-core'
import { mintToken } from '../../src/tokens/mint.ts'
import { type Pages, startPages } from '../support/chromium.ts'
import { closedPort } from '../support/pass.ts'
import { startTestProxy, type TestProxy } from '../support/proxy.ts'
import type { Backend } from './backends/backend.ts'
import { wsBackend } from './backends/ws.ts'
import { type Visit, visit } from './visit.ts'

const SECRET = 'a secret of these tests, forty bytes long'
const TOKEN = 'Invalid or expired authentication token'

type Where = 'app' | 'other' | 'evil' | 'widget in app'
type Token = 'valid' | 'expired' | 'none'

interface Case {
  readonly where: Where
  readonly path?: string
  readonly token?: Token
  /** The site that `parent_origin` names. */
  readonly parent?: string
  readonly protocols?: readonly string[]
  readonly sends?: readonly string[]
}
type Seen = readonly [code: number, reason: string, protocol?: string]

const DONE: Seen = [1000, 'done']
const FORBIDDEN: Seen = [4003, 'Domain not allowed']

/** The page compresses what it sends, and the limit is of what is on the wire. */
const NOISE = randomBytes(2000).toString('hex')

/** [name, what the page does, its CloseEvent] */
const CASES: readonly [string, Case, Seen][] = [
  ['admitted on its own page', { where: 'app' }, DONE],
  ['admitted in a frame with the right parent', { where: 'widget in app', parent: 'app' }, DONE],
  ['no token', { where: 'app', token: 'none' }, [4401, TOKEN]],
  ['expired token', { where: 'app', token: 'expired' }, [4401, TOKEN]],
  ['page that the token does not name', { where: 'other' }, FORBIDDEN],
  ['frame with the wrong parent', { where: 'widget in app', parent: 'other' }, FORBIDDEN],
  ['frame without a parent', { where: 'widget in app' }, FORBIDDEN],
  ['parent_origin from no iframe host', { where: 'other', parent: 'app' }, FORBIDDEN],
  ['foreign origin', { where: 'evil' }, [1008, 'Origin not allowed']],
  ['no route', { where: 'app', path: '/nowhere' }, [4404, 'Not found']],
  ['subprotocol offered and chosen', { where: 'app', protocols: ['v1', 'chat.v2'] }, [1000, 'done', 'chat.v2']],
  ['refused, a subprotocol echoed', { where: 'app', token: 'none', protocols: ['v1', 'v2'] }, [4401, TOKEN, 'v1']],
  ['too many messages', { where: 'app', path: '/limits', sends: repeat('m', 9) }, [1008, 'Rate limit exceeded']],
  ['message too big', { where: 'app', path: '/limits', sends: [NOISE] }, [1009, 'Message too big']],
  ['refused with a status', { where: 'app', path: '/status', token: 'none' }, [1006, '']],
  ['backend gone', { where: 'app', path: '/gone' }, [1014, 'Bad gateway']],
  ['code of the backend', { where: 'app', sends: ['close 3001 enough of it'] }, [3001, 'enough of it']],
]

/** The same with `closeCodes: { preset: replyx }`. */
const REPLYX: readonly [string, Case, Seen][] = [
  ['no token', { where: 'app', token: 'none' }, [4002, TOKEN]],
  ['expired token', { where: 'app', token: 'expired' }, [4001, TOKEN]],
  ['page that the token does not name', { where: 'other' }, FORBIDDEN],
  ['no route', { where: 'app', path: '/nowhere' }, [4004, 'Not found']],
  ['too many messages', { where: 'app', path: '/limits', sends: repeat('m', 9) }, [4008, 'Rate limit exceeded']],
]

function repeat(text: string, times: number): string[] {
  return Array.from({ length: times }, () => text)
}

let pages: Pages
let backend: Backend
let seeds: TestProxy
let replyx: TestProxy
const places = new Map<Where, Page | Frame>()
const tokens = new Map<Token, string>()

before(async () => {
  backend = await wsBackend('on')
  pages = await startPages()
  for (const where of ['app', 'other', 'evil'] as const) places.set(where, await pages.open(where))
  places.set('widget in app', await pages.embed('app', 'widget'))
  tokens.set('valid', await mint(600))
  tokens.set('expired', await mint(-600))
  const gone = await closedPort()
  seeds = await startProxy('seeds', gone)
  replyx = await startProxy('replyx', gone)
})

after(async () => {
  await seeds?.stop()
  await replyx?.stop()
  await pages?.stop()
  await backend?.stop()
})

const mint = (ttlSeconds: number) =>
  mintToken({
    secret: SECRET,
    claims: { sub: 'ada', allowed_domains: ['app.localhost'] },
    ttlSeconds,
    now: Date.now(),
  })

function startProxy(preset: 'seeds' | 'replyx', gone: number): Promise<TestProxy> {
  const sites = ['app', 'other', 'widget'].map((name) => `"${pages.origin(name)}"`).join(', ')
  const yaml = `
upstream: http://127.0.0.1:${backend.port}
closeCodes: { preset: ${preset} }
drain: { jitter: 0s }
routes:
  - name: widget
    path: /widget
    origin: { allow: [${sites}] }
    token: { from: ["query:site_token"], secretFile: secret }
    domains: { iframeHosts: [widget.localhost] }
  - { path: /limits, limits: { messages: { perConnection: 3/min }, messageSize: 1000 } }
  - { path: /status, rejectWith: http, token: { from: ["query:site_token"], secretFile: secret } }
  - { path: /gone, upstream: "http://127.0.0.1:${gone}" }
  - { path: /bearer, token: { from: ["protocol:bearer"], secretFile: secret, strip: true } }
  - path: /schema
    messages: { schema: schema.json, onInvalid: error, errorMessage: { type: error } }
  - { path: /strict, messages: { schema: schema.json } }
  - { path: /echo }`
  const files = { '/test/secret': SECRET, '/test/schema.json': JSON.stringify({ required: ['text'] }) }
  return startTestProxy({ yaml, files })
}

async function run(proxy: TestProxy, { where, path = '/widget', token = 'valid', parent, ...rest }: Case) {
  const query = new URLSearchParams()
  if (token !== 'none') query.set('site_token', tokens.get(token) ?? '')
  if (parent !== undefined) query.set('parent_origin', pages.origin(parent))
  return await visit(at(where), { url: proxy.url(`${path}?${query}`), ...rest })
}

function at(where: Where): Page | Frame {
  const place = places.get(where)
  if (!place) throw new Error(`no page ${where}`)
  return place
}

const LIMIT = { timeout: 20_000 }

for (const [preset, cases] of [['seeds', CASES] as const, ['replyx', REPLYX] as const]) {
  for (const [name, what, [code, reason, protocol = '']] of cases) {
    test(`${preset}: ${name}: ${code}`, LIMIT, async () => {
      const seen = await run(preset === 'seeds' ? seeds : replyx, what)
      assert.deepEqual(close(seen), { code, reason, wasClean: code !== 1006 })
      assert.equal(seen.protocol, protocol)
      if (code === 1000) assert.deepEqual(seen.answers, ['hello'])
    })
  }
}

const close = ({ code, reason, wasClean }: Visit) => ({ code, reason, wasClean })

test('a token as subprotocol is never echoed', LIMIT, async () => {
  const url = seeds.url('/bearer')
  const valid = ['bearer', tokens.get('valid') ?? '']
  const alone = await visit(at('app'), { url, protocols: valid })
  assert.deepEqual([alone.code, alone.protocol], [1000, 'bearer'])
  const beside = await visit(at('app'), { url, protocols: [...valid, 'chat.v2'] })
  assert.deepEqual([beside.code, beside.protocol], [1000, 'chat.v2'])
  const refused = await visit(at('app'), { url, protocols: ['bearer', tokens.get('expired') ?? ''] })
  assert.deepEqual([refused.code, refused.protocol], [4401, 'bearer'])
})

test('permessage-deflate reaches from the page to the backend', LIMIT, async () => {
  const text = 'Grüße '.repeat(1024 * 175)
  const { answers, extensions, code } = await visit(at('app'), { url: seeds.url('/echo'), sends: [text] })
  assert.match(extensions, /^permessage-deflate/)
  assert.ok(answers[0] === text, 'more than 1 MiB comes back as it went')
  assert.equal(code, 1000)
})

/** Longer than what Chromium leaves uncompressed; each repeats those before it. */
const said = (index: number) => JSON.stringify({ text: `${'the same again '.repeat(30 * index)}${index}` })
const GOOD = Array.from({ length: 12 }, (_, index) => said(index + 1))

test('a schema reads what the page has compressed, and answers what it refuses', LIMIT, async () => {
  const sends = GOOD.flatMap((text) => [text, JSON.stringify({ txet: text })])
  const { answers, extensions, code } = await visit(at('app'), { url: seeds.url('/schema'), sends })
  // What is refused never reaches the backend, so nothing may refer to it.
  assert.match(extensions, /^permessage-deflate;.*client_no_context_takeover/)
  assert.deepEqual(
    answers.filter((text) => text !== '{"type":"error"}'),
    GOOD,
  )
  assert.equal(answers.length, sends.length)
  assert.equal(code, 1000)
})

test(
  'a schema reads what the page has compressed with what came before, and closes on what it refuses',
  LIMIT,
  async () => {
    const sends = [...GOOD, JSON.stringify({ txet: said(12) })]
    const seen = await visit(at('app'), { url: seeds.url('/strict'), sends, closesAfter: Number.POSITIVE_INFINITY })
    assert.match(seen.extensions, /^permessage-deflate/)
    assert.doesNotMatch(seen.extensions, /client_no_context_takeover/)
    assert.deepEqual(close(seen), { code: 1007, reason: 'Invalid message', wasClean: true })
    const line = await seeds.line(({ event, route }) => event === 'violated' && route === '/strict')
    assert.match(String(line.detail), /must have required property 'text'/)
  },
)

test('an open connection ends with its token', LIMIT, async () => {
  const url = seeds.url(`/widget?site_token=${await mint(2)}`)
  const seen = await visit(at('app'), { url, closesAfter: Number.POSITIVE_INFINITY })
  assert.deepEqual(close(seen), { code: 4401, reason: TOKEN, wasClean: true })
})

test('the consoles of the pages hold nothing but the refusal that was a status', () => {
  assert.equal(pages.complaints.length, 1, pages.complaints.join('\n'))
  assert.match(pages.complaints[0] ?? '', /\/status\?' failed: HTTP Authentication failed/)
})

test('a drain tells open pages to come back', LIMIT, async () => {
  const open = visit(at('app'), { url: seeds.url('/echo?drained'), closesAfter: Number.POSITIVE_INFINITY })
  await seeds.line(({ event, url }) => event === 'decided' && String(url).includes('drained'))
  const stopped = seeds.running.stop()
  assert.deepEqual(close(await open), { code: 1012, reason: 'Service restart', wasClean: true })
  assert.deepEqual(await stopped, { forced: 0 })
})
