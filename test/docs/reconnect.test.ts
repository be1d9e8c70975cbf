/** The client of docs/reconnect.js does what docs/close-codes.md says, for every reason that the proxy may close with. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { WebSocketServer } from 'ws'
import { REASONS } from '../../src/policy/reasons.ts'
import { echoBackend } from '../support/backend.ts'
import { until } from '../support/crew.ts'
import { startTestProxy } from '../support/proxy.ts'
import { SECRET, signToken } from '../tokens/signing.ts'
import { type Connect, connect } from './client.ts'
import { documentNamed } from './markdown.ts'

const QUICK = { firstWait: 1, longestWait: 4 }

/** A server of the standard WebSocket in this process: it closes each connection with the next of these. */
async function closing(t: TestContext, codes: readonly (readonly [code: number, reason: string])[]) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  t.after(() => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  })
  await once(server, 'listening')
  let next = 0
  server.on('connection', (socket) => {
    const [code, reason] = codes[next++] ?? []
    if (code === undefined) socket.send('welcome')
    else socket.close(code, reason)
  })
  const { port } = server.address() as { port: number } // It listens on a port.
  return `ws://127.0.0.1:${port}`
}

/** What the client does about these, until it is served or stops: `served` or `stopped`, and how often it asked for what. */
async function follow(t: TestContext, codes: readonly (readonly [code: number, reason: string])[], settled = 5000) {
  const url = await closing(t, codes)
  const asked: boolean[] = []
  let end = ''
  const address = async (fresh: boolean) => {
    asked.push(fresh)
    return url
  }
  const client = connect(address, {
    ...QUICK,
    settled,
    onMessage: () => {
      end = 'served'
    },
    onState: (state) => {
      if (state === 'stopped') end ||= 'stopped'
    },
  })
  t.after(() => client.stop())
  await until(() => end || undefined)
  return { end, asked }
}

/** What the page says of each reason: the first word of its last column. */
const ADVICE = new Map(
  [...documentNamed('docs/close-codes.md').text.matchAll(/^\|([^|]+)\| (\d{4}) \|[^|]*\| \*\*([a-z]+)\*\*/gm)].flatMap(
    ([, reasons = '', , advice = '']) => [...reasons.matchAll(/`(\w+)`/g)].map(([, reason = '']) => [reason, advice]),
  ),
)

const EXPECTED: Readonly<Record<string, { end: string; asked: boolean[] }>> = {
  reconnect: { end: 'served', asked: [false, false] },
  later: { end: 'served', asked: [false, false] },
  refresh: { end: 'served', asked: [false, true] },
  stop: { end: 'stopped', asked: [false] },
}

for (const [reason, { code, text }] of Object.entries(REASONS)) {
  test(`${reason}: ${ADVICE.get(reason)}`, async (t) => {
    // Such a code is never written to the wire by ws; the proxy writes it.
    if (code === 1014) return assert.equal(ADVICE.get(reason), 'reconnect')
    assert.deepEqual(await follow(t, [[code, text]]), EXPECTED[ADVICE.get(reason) ?? ''])
  })
}

test('a token that is new and refused is the end', async (t) => {
  const refused = [4401, 'Invalid or expired authentication token'] as const
  assert.deepEqual(await follow(t, [refused, refused]), { end: 'stopped', asked: [false, true] })
  // Each of these connections lived for long enough.
  const { end, asked } = await follow(t, [refused, refused, refused], 0)
  assert.deepEqual([end, asked], ['served', [false, true, true, true]])
})

test('with the proxy: a token that has ended is renewed, and a stranger stops', async (t) => {
  const { upstream } = await echoBackend(t)
  const yaml = `
upstream: ${upstream}
routes:
  - { path: /ws, token: { secretFile: secret } }
  - { path: /strict, origin: { allow: ["https://app.example.com"] } }`
  const proxy = await startTestProxy({ yaml, files: { '/test/secret': SECRET } })
  t.after(() => proxy.stop())
  const token = (seconds: number) =>
    signToken({ alg: 'HS256' }, { sub: 'ann', exp: Math.floor(Date.now() / 1000) + seconds }, SECRET)
  const states: string[] = []
  const answers: unknown[] = []
  const client = connect(async (fresh) => proxy.url(`/ws?token=${token(fresh ? 60 : -60)}`), {
    ...QUICK,
    onMessage: (data) => answers.push(data),
    onState: (state, event) => states.push(event ? `${state} ${event.code}` : state),
  })
  t.after(() => client.stop())
  await until(() => states.length === 3 || undefined)
  client.send('hello')
  await until(() => answers.length > 0 || undefined)
  assert.deepEqual([states, answers], [['open', 'waiting 4401', 'open'], ['hello']])

  const refused: string[] = []
  connect(async () => proxy.url('/strict'), {
    ...QUICK,
    onMessage: () => {},
    onState: (state, event) => refused.push(event ? `${state} ${event.code}` : state),
  })
  await until(() => refused.length === 2 || undefined)
  assert.deepEqual(refused, ['open', 'stopped 1008'])
})

test('where there is no address it tries again, and `stop` is the end', async (t) => {
  let tries = 0
  const address = async () => {
    tries++
    throw new Error('no token to be had')
  }
  const states: string[] = []
  const client = connect(address, { ...QUICK, onMessage: () => {}, onState: (state) => states.push(state) })
  t.after(() => client.stop())
  await until(() => tries >= 3 || undefined)
  client.stop()
  assert.deepEqual(states, ['stopped'])
})

test('what the page shows of it runs', async (t) => {
  const block = documentNamed('docs/close-codes.md').blocks.find(({ text }) => text.startsWith('// app.js'))
  const program = (block?.text ?? '').replace("import { connect } from './reconnect.js'", '')
  const url = await closing(t, [[1012, 'Service restart']])
  const lines: unknown[][] = []
  const shown: Parameters<Connect>[] = []
  // The program, with what it takes from elsewhere.
  const run = new Function('connect', 'getToken', 'console', program.replace(/^const client = /m, ''))
  run(
    (...given: Parameters<Connect>) => shown.push(given),
    async () => 't',
    { log: (...line: unknown[]) => lines.push(line) },
  )
  const [[address, options] = []] = shown
  assert.ok(address && options)
  assert.equal(await address(true), 'wss://chat.example.com/ws?token=t')
  const client = connect(async () => url, { ...QUICK, ...options })
  t.after(() => client.stop())
  await until(() => lines.some(([said]) => said === 'welcome') || undefined)
  assert.deepEqual(lines, [
    ['open', undefined, undefined],
    ['waiting', 1012, 'Service restart'],
    ['open', undefined, undefined],
    ['welcome'],
  ])
})
