/** Every kind of end at every stage: the right code on the other side, one `closed` line, nothing left (issue 2, item 10). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { accept, ask, type End, eventually, openOn, type Proxied, proxied, switching } from '../support/upgrades.ts'
import { bare, bareHead, closeOf, closing, masked, maskedHead } from '../support/wire-frames.ts'

const NOTHING = JSON.stringify({ sessions: 0, counts: 0, deadlines: 0, lingering: 0, buffered: 0 })
const isFree = ({ proxy }: Proxied) => JSON.stringify(proxy.running.held()) === NOTHING

const LEAVE = {
  FIN: ({ raw }: End) => void raw.socket.end(),
  reset: ({ raw }: End) => void raw.socket.resetAndDestroy(),
}

type Told = number | 'FIN' | 'nothing'

interface Stage {
  readonly name: string
  /** Brings an open connection there. */
  readonly reach: (client: End, upstream: End) => Promise<unknown>
  /** What the other side is told when the client, or the backend, leaves. */
  readonly told: { readonly client: Told; readonly upstream: Told }
  /** What is logged: code and initiator. */
  readonly logged: { readonly client: [number, string]; readonly upstream: [number, string] }
}

const GONE = { client: 1001, upstream: 1014 }
const LOGGED: Stage['logged'] = { client: [1006, 'client'], upstream: [1014, 'upstream'] }

const STAGES: Stage[] = [
  { name: 'after the 101', reach: async () => {}, told: GONE, logged: LOGGED },
  {
    name: 'after messages',
    reach: (client, upstream) => {
      client.send(masked(1, 'a'))
      upstream.send(bare(1, 'b'))
      return Promise.all([client.count(1), upstream.count(1)])
    },
    told: GONE,
    logged: LOGGED,
  },
  {
    name: 'in the middle of a frame of each',
    reach: (client, upstream) => {
      client.send(`${maskedHead(2, 100)}half`)
      upstream.send(`${bareHead(2, 100)}half`)
      return Promise.all([client.bytes(6), upstream.bytes(10)])
    },
    told: { client: 'FIN', upstream: 'FIN' },
    logged: { client: [1006, 'client'], upstream: [1006, 'upstream'] },
  },
  {
    name: 'between two fragments of each',
    reach: (client, upstream) => {
      client.send(masked(1, 'a', { fin: false }))
      upstream.send(bare(1, 'b', { fin: false }))
      return Promise.all([client.count(1), upstream.count(1)])
    },
    told: GONE,
    logged: LOGGED,
  },
  {
    name: 'after the Close of the client',
    reach: (client, upstream) => {
      client.send(masked(8, closing(3001)))
      return upstream.close()
    },
    told: { client: 3001, upstream: 1014 },
    logged: { client: [3001, 'client'], upstream: [3001, 'client'] },
  },
  {
    name: 'after the Close of the backend',
    reach: (client, upstream) => {
      upstream.send(bare(8, closing(3002)))
      return client.close()
    },
    told: { client: 1001, upstream: 3002 },
    logged: { client: [3002, 'upstream'], upstream: [3002, 'upstream'] },
  },
]

for (const side of ['client', 'upstream'] as const) {
  for (const [how, leave] of Object.entries(LEAVE)) {
    test(`${how} of the ${side}, at every stage`, async (t) => {
      const all = await proxied(t, { env: { WS_MAX_TOTAL_CONNECTIONS: '9' } })
      for (const [index, { name, reach, told, logged }] of STAGES.entries()) {
        const before = all.proxy.logs.length
        const { client, upstream } = await openOn(t, all, index)
        await reach(client, upstream)
        const [leaving, other] = side === 'client' ? [client, upstream] : [upstream, client]
        leave(leaving)
        await other.ended()
        const last = other.frames().at(-1)
        assert.equal((last && closeOf(last)?.code) ?? 'FIN', told[side], name)
        other.raw.socket.end()
        leaving.raw.socket.destroy()
        await eventually(() => isFree(all), name)
        const lines = all.proxy.logs.slice(before).filter(({ event }) => event === 'closed')
        assert.deepEqual(
          lines.map(({ code, initiator }) => [code, initiator]),
          [logged[side]],
          name,
        )
      }
    })
  }
}

/** What can be done to one connection at once. */
const ACTS = [
  'client FIN',
  'client reset',
  'backend FIN',
  'backend reset',
  'backend answers',
  'backend answers badly',
  'backend refuses',
  'client frame',
  'backend frame',
  'client Close',
  'backend Close',
  'client breach',
  'turn',
] as const

function act(what: (typeof ACTS)[number], client: End, upstream: End | undefined): void {
  const cut = ({ raw: { socket } }: End) => (socket.writableEnded ? socket.destroy() : socket.resetAndDestroy())
  if (what === 'client FIN') client.raw.socket.end()
  if (what === 'client reset') cut(client)
  if (what === 'client frame') client.send(masked(1, 'text'))
  if (what === 'client Close') client.send(masked(8, closing(1000)))
  if (what === 'client breach') client.send(bare(1, 'x'))
  if (!upstream) return
  if (what === 'backend FIN') upstream.raw.socket.end()
  if (what === 'backend reset') cut(upstream)
  if (what === 'backend answers') upstream.send(`${switching(upstream)}\r\n\r\n`)
  if (what === 'backend answers badly')
    upstream.send('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
  if (what === 'backend refuses') upstream.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
  if (what === 'backend frame') upstream.send(bare(1, 'text'))
  if (what === 'backend Close') upstream.send(bare(8, closing(1000)))
}

test('random interleavings of several connections: counts follow the sockets, and end at nothing', async (t) => {
  const all = await proxied(t, { env: { WS_MAX_CONNECTIONS_PER_IP: '3' } })
  let backends = 0
  const steps = fc.array(fc.tuple(fc.nat(3), fc.constantFrom(...ACTS)), { maxLength: 25 })
  await fc.assert(
    fc.asyncProperty(steps, async (acts) => {
      const clients: { client: End; upstream: End | undefined }[] = []
      for (let count = 0; count < 4; count++) {
        const client = await ask(t, all.proxy.port)
        // The fourth is one too many.
        const isAdmitted = count < 3
        const upstream = isAdmitted ? await all.backend(backends++) : undefined
        await (upstream ?? client).head()
        clients.push({ client, upstream })
      }
      assert.equal(all.proxy.running.held().counts > 0, true)
      for (const [which, what] of acts) {
        const one = clients[which]
        if (one) act(what, one.client, one.upstream)
        if (what === 'turn') await new Promise((resolve) => setTimeout(resolve, 1))
        const { sessions } = all.proxy.running.held()
        assert.ok(sessions <= 3)
      }
      for (const { client, upstream } of clients) {
        client.raw.socket.destroy()
        upstream?.raw.socket.destroy()
      }
      await eventually(() => isFree(all), 'nothing held')
      assert.equal(all.server.connections.length, backends)
    }),
    { numRuns: 25, endOnFailure: true },
  )
  const decided = all.proxy.logs.filter(({ event, outcome }) => event === 'decided' && outcome === 'admitted')
  const closed = all.proxy.logs.filter(({ event }) => event === 'closed')
  assert.equal(closed.length, decided.length)
})

test('the process outlives all of it while a check or the backend is slow', async (t) => {
  const all = await proxied(t)
  const clients = await Promise.all(Array.from({ length: 50 }, () => ask(t, all.proxy.port)))
  for (const [index, client] of clients.entries()) {
    await (await all.backend(index)).head()
    if (index % 3 === 0) client.raw.socket.resetAndDestroy()
    else if (index % 3 === 1) client.raw.socket.end()
  }
  for (const [index, { socket }] of all.server.connections.entries()) {
    if (index % 2 === 0) socket.resetAndDestroy()
  }
  const left = await ask(t, all.proxy.port)
  await accept(await all.backend(50))
  assert.equal((await left.head()).status, 101)
})
