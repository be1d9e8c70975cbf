/** Limits of connections and handshakes over several processes: exact. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mintToken } from '../../src/tokens/mint.ts'
import type { Client } from '../support/backend.ts'
import { type Crew, startCrew, until } from '../support/crew.ts'
import { scrape } from '../support/scrape.ts'

const SECRET = 'a-secret-of-at-least-thirty-two-bytes-0123456789'
const tokenOf = (sub: string) => mintToken({ secret: SECRET, claims: { sub }, ttlSeconds: 60, now: Date.now() })

/** So many clients at once; those that got in. */
async function storm({ tryOne }: Crew, clients: number, path?: string): Promise<Client[]> {
  const tried = await Promise.all(Array.from({ length: clients }, () => tryOne(path)))
  return tried.flatMap((one) => one ?? [])
}

test('never more than the limit, over three workers; what is closed, or dies with its worker, is free again', async (t) => {
  const crew = await startCrew(t, {
    workers: 3,
    yaml: 'limits: { connections: { perIp: 12 } }\nroutes: [{ path: /a }]',
  })
  const first = await storm(crew, 60)
  assert.equal(first.length, 12)
  const workers = new Set(crew.proxy.events('decided').map(({ worker }) => worker))
  assert.ok(workers.size > 1, 'one worker got everything')

  for (const open of first.slice(0, 5)) open.close()
  await Promise.all(first.slice(0, 5).map(({ ended }) => ended))
  // The worker gives a place back when it has seen both ends close.
  await until(async () => ((await active(crew)) === 7 ? true : undefined))
  const second = await storm(crew, 40)
  assert.equal(second.length, 5)

  let lost = 0
  for (const open of [...first.slice(5), ...second]) void open.ended.then(() => lost++)
  const [victim = 0] = crew.pids()
  process.kill(victim, 'SIGKILL')
  const { connections } = await crew.proxy.event('worker_ended')
  await until(() => (crew.pids().length === 3 && !crew.pids().includes(victim) ? true : undefined))
  assert.equal((await storm(crew, 40)).length, lost)
  // Metrics are kept for a second.
  await until(async () => ((await scrape(crew.ops, 'ws_worker_restarts_total')) === 1 ? true : undefined))
  const closed = 'ws_close_codes_total{code="1006",reason="internal_error",initiator="proxy"}'
  // What a killed worker told last may be a moment old; the places it held are the primary's own account.
  assert.equal(await scrape(crew.ops, closed).catch(() => 0), connections)
})

const active = ({ ops }: Crew) => scrape(ops, 'ws_connections_active{route="/a"}').catch(() => 0)

test('handshakes of one address: exactly as many as the rate allows', async (t) => {
  const crew = await startCrew(t, { yaml: 'routes: [{ path: /a, limits: { handshakes: { perIp: 15/min } } }]' })
  assert.equal((await storm(crew, 50)).length, 15)
})

test('evict-oldest: a newer connection takes the place of one in another worker', async (t) => {
  const limits = '{ connections: { perUser: 2, onExceed: evict-oldest } }'
  const yaml = `routes: [{ path: /a, token: { secret: ${SECRET} }, limits: ${limits} }]`
  const crew = await startCrew(t, { yaml })
  const path = `/a?token=${await tokenOf('ann')}`
  const opened = []
  for (let index = 0; index < 12; index++) opened.push(await crew.connect(path))
  for (const older of opened.slice(0, 10)) assert.equal((await older.ended).code, 4009)
  assert.ok(new Set(opened.map(({ worker }) => worker)).size > 1, 'one worker got everything')
  const [first, second] = opened.slice(10)
  assert.deepEqual([await first?.echo('stays'), await second?.echo('stays')], ['stays', 'stays'])
})
