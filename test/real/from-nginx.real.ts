/** docs/from-nginx.md: of each pair nginx runs the one and wsluice the other, and the same clients see what the tables say. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Pages, startPages } from '../support/chromium.ts'
import { CLIENTS } from './from-nginx/clients.ts'
import { PAIRS, type Pair } from './from-nginx/pairs.ts'
import { startSides } from './from-nginx/sides.ts'
import { visit } from './visit.ts'

const LIMIT = { timeout: 60_000 }

test('every pair has its clients, every client its row', () => {
  assert.ok(PAIRS.length >= 15)
  const rows = Object.fromEntries(PAIRS.map(({ title, rows }) => [title, rows.map(({ client }) => client)]))
  const clients = Object.fromEntries(Object.entries(CLIENTS).map(([title, all]) => [title, Object.keys(all)]))
  assert.deepEqual(rows, clients)
})

for (const pair of PAIRS) {
  test(pair.title, LIMIT, async (t) => {
    const { sides, group } = await started(t, pair)
    for (const row of pair.rows) {
      await t.test(`${row.client}: ${row.nginx}; ${row.wsluice}`, async () => {
        const client = CLIENTS[pair.title]?.[row.client]
        assert.ok(client)
        for (const side of sides) assert.equal(await client(side, group), row[side.name], side.name)
      })
    }
  })
}

async function started(t: TestContext, pair: Pair) {
  const { stop, ...rest } = await startSides(pair)
  t.after(stop)
  return rest
}

test('what a page in Chromium sees of a status, and of a code', LIMIT, async (t) => {
  const pages: Pages = await startPages()
  t.after(() => pages.stop())
  const shown = PAIRS.find(({ title }) => title === 'Pages: map on Origin')
  assert.ok(shown)
  const ours = (text: string) => text.replaceAll('https://app.example.com', pages.origin('app'))
  const { sides } = await started(t, { ...shown, nginx: ours(shown.nginx), yaml: ours(shown.yaml) })
  const [app, evil] = await Promise.all([pages.open('app'), pages.open('evil')])
  const expected = { nginx: [1006, ''], wsluice: [1008, 'Origin not allowed'] }
  for (const { name, port } of sides) {
    const url = `ws://127.0.0.1:${port}/ws/room`
    assert.deepEqual((await visit(app, { url })).answers, ['hello'], name)
    const { code, reason } = await visit(evil, { url })
    assert.deepEqual([code, reason], expected[name], name)
  }
})
