/** Ending well, on a clock of the test (trap 33). */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Drain, type Drained } from '../../src/proxy/drain.ts'
import { createShared, type OpenSession, openSession, type Shared } from '../support/session.ts'
import { bare, closing, masked } from '../support/wire-frames.ts'

function made(shared: Shared = createShared()) {
  const { context, wheel, sessions, advance } = shared
  const drain = new Drain({ sessions, wheel, now: context.clock, observe: context.observe })
  /** Moves the clock in small steps, each followed by a turn in which promises go on. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 50) {
      advance(50)
      await new Promise(setImmediate)
    }
  }
  /** Moves the clock until the drain is over. */
  const over = async (done: Promise<Drained>): Promise<Drained | undefined> => {
    let drained: Drained | undefined
    void done.then((result) => {
      drained = result
    })
    for (let rounds = 0; rounds < 100 && !drained; rounds++) await pass(50)
    return drained
  }
  return { ...shared, drain, pass, over }
}

/** Both peers answer the Close and end. */
function answers({ client, upstream }: OpenSession): void {
  void client.close().then(() => {
    client.send(masked(8, closing(1012)))
    client.raw.socket.end()
  })
  void upstream.close().then(() => {
    upstream.send(bare(8, closing(1012)))
    upstream.raw.socket.end()
  })
}

test('with nothing open it is over after the delay, in which upgrades are still admitted', async () => {
  const { drain, pass, over, events } = made()
  assert.deepEqual([drain.isDraining, drain.isClosing], [false, false])
  const done = drain.begin({ delay: 5_000, timeout: 20_000, jitter: 10_000 })
  assert.deepEqual([drain.isDraining, drain.isClosing], [true, false])
  await pass(4_900)
  assert.equal(drain.isClosing, false)
  await pass(300)
  assert.equal(drain.isClosing, true)
  assert.deepEqual(await over(done), { forced: 0 })
  assert.deepEqual([drain.isDraining, drain.isClosing], [true, true])
  assert.deepEqual(
    events.map(({ type }) => type),
    ['draining', 'drained'],
  )
})

test('open connections are closed with 1012, spread over the jitter; the drain ends with the last', async (t) => {
  const { drain, pass, over, ...shared } = made()
  const opens: OpenSession[] = []
  for (let count = 0; count < 20; count++) opens.push(await openSession(t, { shared }))
  opens.forEach(answers)
  const done = drain.begin({ delay: 0, timeout: 60_000, jitter: 10_000 })
  const open: number[] = []
  for (let second = 0; second < 11; second++) {
    await pass(1_000)
    open.push(shared.sessions.size)
  }
  assert.deepEqual(await over(done), { forced: 0 })
  for (const { client } of opens) assert.deepEqual(await client.close(), { code: 1012, reason: 'Service restart' })
  // 20 in 10 s: neither all at once nor none before the end.
  assert.ok((open[4] ?? 0) > 0 && (open[4] ?? 20) < 20, open.join())
  assert.equal(shared.sessions.size, 0)
})

test('what does not end by itself is ended at the timeout, and counted', async (t) => {
  const { drain, pass, over, ...shared } = made()
  const open = await openSession(t, { shared })
  const done = drain.begin({ delay: 0, timeout: 3_000, jitter: 10_000 })
  await pass(200)
  assert.deepEqual(await open.client.close(), { code: 1012, reason: 'Service restart' })
  await pass(2_500)
  assert.equal(shared.sessions.size, 1)
  await pass(700)
  assert.deepEqual(await over(done), { forced: 1 })
  assert.equal(shared.sessions.size, 0)
})

test('a cut ends everything now, also in the delay', async (t) => {
  for (const delay of [0, 60_000]) {
    const { drain, pass, over, ...shared } = made()
    const open = await openSession(t, { shared })
    const done = drain.begin({ delay, timeout: 60_000, jitter: 60_000 })
    await pass(100)
    drain.cut()
    const gone = once(open.sockets.client, 'close')
    await pass(600)
    await gone
    assert.deepEqual(await over(done), { forced: 1 }, String(delay))
  }
})

test('beginning twice is one drain', async () => {
  const { drain, pass } = made()
  const settings = { delay: 100, timeout: 0, jitter: 0 }
  const [first, second] = [drain.begin(settings), drain.begin({ ...settings, delay: 9_000_000 })]
  assert.equal(first, second)
  await pass(500)
  await second
})
