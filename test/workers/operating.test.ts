/** Several workers as one: metrics, admin API, reload, drain, signals. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { mintToken } from '../../src/tokens/mint.ts'
import { type Crew, childrenOf, startCrew, until } from '../support/crew.ts'
import { scrape } from '../support/scrape.ts'

const SECRET = 'a-secret-of-at-least-thirty-two-bytes-0123456789'
const TOKEN = `routes: [{ path: /a, token: { secret: ${SECRET} } }]`
const pathOf = async (sub: string) =>
  `/a?token=${await mintToken({ secret: SECRET, claims: { sub }, ttlSeconds: 60, now: Date.now() })}`

const ask = async ({ admin }: Crew, method: string, path: string) => {
  const response = await fetch(`http://${admin}${path}`, { method })
  // Every answer of the API is JSON; a test names what it expects of it.
  return { status: response.status, body: (await response.json()) as unknown }
}

interface Listed {
  readonly matching: number
  readonly connections: readonly { readonly id: string; readonly user: string }[]
}

test('metrics are sums, the admin API sees and ends connections of all workers, a drain reaches all', async (t) => {
  const crew = await startCrew(t, { yaml: TOKEN })
  const path = await pathOf('ann')
  const [here, there] = await crew.onTwo(path)
  const bobs = await crew.onTwo(await pathOf('bob'))
  for (const open of [here, there, ...bobs]) for (const text of ['a', 'bb']) assert.equal(await open.echo(text), text)
  const admitted = crew.proxy.events('decided').length
  // Metrics are kept for a second.
  const sum = (name: string, value: number) =>
    until(async () => ((await scrape(crew.ops, name).catch(() => -1)) === value ? true : undefined))
  await sum('ws_messages_total{route="/a",direction="in"}', 8)
  await sum('ws_connections_active{route="/a"}', 4)
  await sum('ws_connections_total{route="/a",type="direct",result="success"}', admitted)
  await sum('ws_handshake_duration_seconds_count', admitted)
  await sum('ws_draining', 0)

  const { body } = await ask(crew, 'GET', '/api/connections?user=ann')
  const { matching, connections } = body as Listed
  assert.deepEqual([matching, connections.map(({ user }) => user)], [2, ['ann', 'ann']])
  const [one] = connections
  assert.deepEqual(await ask(crew, 'DELETE', `/api/connections/${one?.id}`), { status: 200, body: { ended: 1 } })
  // Gone when both of its sides are, a moment later.
  await until(async () =>
    (await ask(crew, 'DELETE', `/api/connections/${one?.id}`)).status === 404 ? true : undefined,
  )
  assert.deepEqual(await ask(crew, 'DELETE', '/api/connections?user=bob'), { status: 200, body: { ended: 2 } })
  for (const bob of bobs) assert.deepEqual(await bob.ended, { code: 1008, reason: 'Connection ended' })

  const drained = await ask(crew, 'POST', '/api/drain?wait=10s')
  assert.deepEqual(drained, { status: 200, body: { drained: true, forced: 0 } })
  const codes = [(await here.ended).code, (await there.ended).code].sort()
  assert.deepEqual(codes, [1008, 1012])
  await assert.rejects(crew.connect(path), /503/)
  assert.equal((await fetch(`http://${crew.ops}/readyz`)).status, 503)
  assert.deepEqual([crew.proxy.events('draining').length, crew.proxy.events('drained').length], [1, 1])
  crew.proxy.child.kill('SIGTERM')
  assert.deepEqual(await crew.proxy.exit, { code: 0, signal: null })
  assert.equal(crew.proxy.errors(), '')
})

test('a reload is for all workers or none, and for one that comes later', async (t) => {
  const crew = await startCrew(t, {})
  const kept = await crew.onTwo()
  const file = join(crew.folder, 'wsluice.yaml')
  const text = readFileSync(file, 'utf8')
  const codesOf = async (path: string) =>
    new Set(await Promise.all(Array.from({ length: 12 }, async () => Boolean(await crew.tryOne(path)))))

  writeFileSync(file, text.replace('path: /a', 'path: a'))
  assert.match(String((await crew.proxy.event('reload_failed')).problems), /routes\[0\]\.path/)
  assert.deepEqual(await codesOf('/a'), new Set([true]))

  writeFileSync(file, text.replace('path: /a', 'path: /b'))
  await crew.proxy.event('reloaded')
  assert.deepEqual([await codesOf('/a'), await codesOf('/b')], [new Set([false]), new Set([true])])
  for (const open of kept) assert.equal(await open.echo('kept'), 'kept')

  const before = crew.pids()
  for (const pid of before) process.kill(pid, 'SIGKILL')
  await until(() => crew.pids().filter((pid) => !before.includes(pid)).length === 2 || undefined)
  await until(async () => ((await fetch(`http://${crew.ops}/readyz`)).status === 200 ? true : undefined))
  assert.deepEqual(await codesOf('/a'), new Set([false]))
  assert.equal(crew.proxy.events('worker_ended').length, 2)
})

test('a signal that reaches a worker too ends nothing; the primary drains; a second SIGINT cuts', async (t) => {
  const crew = await startCrew(t, { yaml: 'routes: [{ path: /a }]' })
  const open = await crew.onTwo()
  for (const pid of crew.pids()) for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.kill(pid, signal)
  for (const one of open) assert.equal(await one.echo('still there'), 'still there')
  crew.proxy.child.kill('SIGHUP')
  await crew.proxy.event('reloaded')
  crew.proxy.child.kill('SIGINT')
  await crew.proxy.event('draining')
  crew.proxy.child.kill('SIGINT')
  assert.deepEqual(await crew.proxy.exit, { code: 0, signal: null })
  for (const one of open) assert.ok([1012, 1006].includes((await one.ended).code))
  assert.equal(crew.proxy.events('worker_ended').length, 0)
})

test('workers that lost their primary end', async (t) => {
  const crew = await startCrew(t, {})
  const open = await crew.onTwo()
  const pids = crew.pids()
  assert.equal(pids.length, 2)
  crew.proxy.child.kill('SIGKILL')
  for (const one of open) assert.equal((await one.ended).code, 1006)
  await until(() => (pids.every(isGone) ? true : undefined))
})

/** A zombie has no children list, and neither has what never was. */
function isGone(pid: number): boolean {
  try {
    childrenOf(pid)
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return true
  }
}

test('what an operator revokes is revoked in all workers', async (t) => {
  const yaml = `routes: [{ path: /a, token: { secret: ${SECRET} } }]`
  const crew = await startCrew(t, { yaml })
  const open = await crew.onTwo(await pathOf('ann'))
  const response = await fetch(`http://${crew.admin}/api/revocations`, {
    method: 'POST',
    body: JSON.stringify({ user: 'ann' }),
  })
  assert.equal(response.status, 201)
  for (const one of open) assert.equal((await one.ended).code, 4401)
})
