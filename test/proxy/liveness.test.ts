import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseUpstream } from '../../src/net/upstream.ts'
import { createLiveness } from '../../src/proxy/liveness.ts'
import { closedPort } from '../support/pass.ts'
import { rawServer } from '../support/raw.ts'

test('asked at most every 2 s, each backend once, and told what was found', async (t) => {
  const alive = await rawServer(t)
  const up = parseUpstream(`http://127.0.0.1:${alive.port}`)
  const down = parseUpstream(`http://127.0.0.1:${await closedPort()}`)
  const state = { now: 10_000, upstreams: [up, up, down] }
  const liveness = createLiveness(
    () => state.upstreams,
    () => state.now,
  )
  assert.deepEqual(
    liveness.known(),
    [up, down].map(({ label }) => ({ label, up: undefined })),
  )
  const found = [
    { label: up.label, up: true },
    { label: down.label, up: false },
  ]
  const [first, second] = await Promise.all([liveness.check(), liveness.check()])
  assert.deepEqual([first, second, liveness.known()], [found, found, found])
  await alive.connection(0)
  state.now += 1_999
  await liveness.check()
  assert.equal(alive.connections.length, 1)
  state.now += 1
  await liveness.check()
  await alive.connection(1)
  // A reload may name other backends: what is gone is not told of, what is new is unknown.
  state.upstreams = [parseUpstream('http://other.test')]
  assert.deepEqual(liveness.known(), [{ label: 'http://other.test', up: undefined }])
})
