/** Tickets and revocations over several processes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mintToken } from '../../src/tokens/mint.ts'
import { client } from '../support/backend.ts'
import { type Crew, startCrew, until } from '../support/crew.ts'

const SECRET = 'a-secret-of-at-least-thirty-two-bytes-0123456789'
const mint = (claims: Record<string, unknown>) => mintToken({ secret: SECRET, claims, ttlSeconds: 60, now: Date.now() })
const pathOf = async (claims: Record<string, unknown>) => `/a?token=${await mint(claims)}`

test('a ticket of one worker opens one connection, whichever workers it is shown to', async (t) => {
  const yaml = `routes: [{ path: /a, token: { secret: ${SECRET} }, tickets: { path: /ticket } }]`
  const crew = await startCrew(t, { yaml })
  const headers = { Authorization: `Bearer ${await mint({ sub: 'ann' })}`, Connection: 'close' }
  for (let round = 0; round < 10; round++) {
    const response = await fetch(`http://${crew.place}/ticket`, { method: 'POST', headers })
    assert.equal(response.status, 200)
    // The answer of a ticket path.
    const { ticket } = (await response.json()) as { ticket: string }
    const opened = await Promise.all(Array.from({ length: 6 }, () => crew.tryOne(`/a?ticket=${ticket}`)))
    assert.equal(opened.filter(Boolean).length, 1)
  }
  for (const event of ['ticket', 'decided']) {
    const workers = new Set(crew.proxy.events(event).map(({ worker }) => worker))
    assert.equal(workers.size, 2, `one worker got every ${event}`)
  }
})

const api = async ({ admin }: Crew, method: string, what: { body?: string; query?: string }) => {
  const { query = '', ...sent } = what
  const response = await fetch(`http://${admin}/api/revocations${query}`, { method, ...sent })
  assert.ok(response.ok, await response.text())
}

/** The codes that so many connections end with at once; 0: it is open. */
async function codesOf(t: Parameters<typeof client>[0], crew: Crew, path: string): Promise<Set<number>> {
  const codes = Array.from({ length: 12 }, async () => {
    const open = await client(t, `${crew.place}${path}`)
    const [code] = await Promise.allSettled([open.echo('in')])
    return code?.status === 'fulfilled' ? 0 : (await open.ended).code
  })
  return new Set(await Promise.all(codes))
}

test('a worker that comes later knows what was revoked, and what was taken back', async (t) => {
  const crew = await startCrew(t, { yaml: `routes: [{ path: /a, token: { secret: ${SECRET} } }]` })
  const [ann, bob] = [await pathOf({ sub: 'ann' }), await pathOf({ sub: 'bob', jti: 'b' })]
  await api(crew, 'POST', { body: '{"user":"ann"}' })
  await api(crew, 'POST', { body: '{"jti":"b"}' })
  await api(crew, 'DELETE', { query: '?id=jti:b' })
  assert.deepEqual([await codesOf(t, crew, ann), await codesOf(t, crew, bob)], [new Set([4401]), new Set([0])])

  const before = crew.pids()
  for (const pid of before) process.kill(pid, 'SIGKILL')
  await until(() => crew.pids().filter((pid) => !before.includes(pid)).length === 2 || undefined)
  await until(async () => ((await fetch(`http://${crew.ops}/readyz`)).status === 200 ? true : undefined))
  assert.deepEqual([await codesOf(t, crew, ann), await codesOf(t, crew, bob)], [new Set([4401]), new Set([0])])
})
