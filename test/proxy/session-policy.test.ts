/** What changes while a session is open: its policy, and the time its token has left (trap 6). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { frameStep, isOver, openSession, ROUTE, START } from '../support/session.ts'
import { masked } from '../support/wire-frames.ts'

const DAY = 86_400_000

test('a reload gives an open session its new checks', async (t) => {
  const open = await openSession(t)
  open.client.send(masked(1, 'refuse'))
  await open.upstream.count(1)
  open.session.adopt({ ...ROUTE, frames: [frameStep('enforce')] })
  open.client.send(masked(1, 'refuse'))
  assert.equal((await open.client.close()).code, 1008)
})

test('a session ends with its token, not before (trap 6)', async (t) => {
  const open = await openSession(t, { expiresAt: START + 60 * DAY })
  for (const days of [1, 28, 30.9]) open.advance(days * DAY)
  open.client.send(masked(1, 'alive'))
  await open.upstream.count(1)
  open.advance(DAY)
  assert.deepEqual(await open.client.close(), { code: 4401, reason: 'Invalid or expired authentication token' })
  open.advance(5_100)
  assert.deepEqual(await isOver(open), { code: 4401, reason: 'token_expired', initiator: 'proxy' })
})

test('a session that ends before its token leaves no deadline behind', async (t) => {
  const open = await openSession(t, { expiresAt: START + DAY })
  open.client.raw.socket.destroy()
  open.upstream.raw.socket.destroy()
  await isOver(open)
})

test('in a dry run of the token check its end is reported, and the session goes on', async (t) => {
  const open = await openSession(t, { expiresAt: START + 1000, route: { tokenMode: 'dry-run' } })
  open.advance(2000)
  open.client.send(masked(1, 'alive'))
  await open.upstream.count(1)
  const [told] = open.events
  assert.equal(told?.type === 'violated' && told.subject, 'connection')
})

test('an ending of ours that counts is no violation: `closed` alone tells of it', async (t) => {
  const open = await openSession(t)
  const finding = {
    check: 'connections',
    reason: 'session_replaced',
    detail: '',
    counted: true,
    action: 'close',
  } as const
  open.session.conclude(finding)
  assert.equal((await open.client.close()).code, 4009)
  open.advance(5_100)
  assert.equal((await isOver(open)).reason, 'session_replaced')
  assert.deepEqual([open.events.length, open.closed()[0]?.violations.size], [1, 0])
  assert.equal(open.sessions.totalsOf('r').violations.size, 0)
})

test('a token that had ended before the answer ends the session at the first tick', async (t) => {
  const open = await openSession(t, { expiresAt: START - 1 })
  open.advance(100)
  assert.equal((await open.client.close()).code, 4401)
})
