/** Clients that speak first, over two processes: one cap on those that wait, and one end of all. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Crew, startCrew, until } from '../support/crew.ts'
import { init, mint, SECRET } from '../support/first-message.ts'
import { ask, type End } from '../support/upgrades.ts'
import { masked } from '../support/wire-frames.ts'

const yamlOf = (timeout: string) =>
  `routes: [{ path: /a, token: { secret: ${SECRET}, from: ["message:payload.authorization"], firstMessage: { waiters: 5, timeout: ${timeout} } }, limits: { connections: { perUser: 2 } } }]`

const reasons = ({ proxy }: Crew) => proxy.events('decided').map(({ outcome, reason }) => reason ?? outcome)

test('waiters are counted over all workers, and those of one that dies are free', { timeout: 60_000 }, async (t) => {
  const crew = await startCrew(t, { yaml: yamlOf('30s') })
  const port = Number(crew.place.split(':').at(-1))
  const come = async () => {
    const client = await ask(t, port, { path: '/a' })
    await client.head()
    return client
  }
  const all: End[] = await Promise.all(Array.from({ length: 20 }, come))
  await until(() => (crew.proxy.events('decided').length === 15 ? true : undefined))
  assert.deepEqual(new Set(reasons(crew)), new Set(['too_many_connections']))
  assert.equal(new Set(crew.proxy.events('decided').map(({ worker }) => worker)).size, 2)

  // One of the user too many, whichever worker they came to.
  const waiting = all.filter((client) => client.frames().length === 0)
  assert.equal(waiting.length, 5)
  const message = masked(1, init(await mint()))
  for (const client of waiting.slice(0, 3)) client.send(message)
  await until(() => (crew.proxy.events('decided').length === 18 ? true : undefined))
  assert.deepEqual(reasons(crew).slice(15).sort(), ['admitted', 'admitted', 'too_many_connections'])

  for (const pid of crew.pids()) process.kill(pid, 'SIGKILL')
  await crew.proxy.event('worker_ended', 1)
  const again = await until(async () => {
    const tried = await Promise.all(Array.from({ length: 5 }, () => come().catch(() => undefined)))
    const open = tried.filter((client) => client?.frames().length === 0)
    for (const client of open.length < 5 ? tried : []) client?.raw.socket.destroy()
    return open.length === 5 ? open : undefined
  })
  again[0]?.send(message)
  await until(() => (reasons(crew).filter((one) => one === 'admitted').length === 3 ? true : undefined))
})

test('a drain ends those that wait in every worker', { timeout: 60_000 }, async (t) => {
  const crew = await startCrew(t, { yaml: yamlOf('30s') })
  const port = Number(crew.place.split(':').at(-1))
  const waiting = await Promise.all(Array.from({ length: 5 }, () => ask(t, port, { path: '/a' })))
  for (const client of waiting) assert.equal((await client.head()).status, 101)
  crew.proxy.child.kill('SIGTERM')
  for (const client of waiting) {
    assert.equal((await client.close()).code, 1012)
    client.raw.socket.destroy()
  }
  assert.equal((await crew.proxy.exit).code, 0)
  assert.deepEqual(reasons(crew), Array(5).fill('shutting_down'))
})
