import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { above, listenNear, wantedOrAny } from '../../src/demo/ports.ts'
import { closedPort } from '../support/pass.ts'
import { ask, demonstrate } from './replay.ts'

/** A port that something else listens on until the test ends. */
async function takenPort(t: TestContext): Promise<number> {
  const server = createServer()
  t.after(() => server.close())
  return await listenNear(server, 0)
}

test('the port above another, or any', () => {
  const cases: [number, number, number][] = [
    [8088, 1, 8089],
    [65_535, 0, 65_535],
    [65_535, 1, 0],
    [0, 3, 0],
  ]
  for (const [port, offset, expected] of cases) assert.equal(above(port, offset), expected)
})

test('a port that is taken gives way to any', async (t) => {
  const taken = await takenPort(t)
  assert.equal(await wantedOrAny(taken), 0)
  assert.notEqual(await takenNear(t, taken), taken)
})

test('a port that is free is used', async (t) => {
  const free = await closedPort()
  assert.equal(await wantedOrAny(free), free)
  assert.equal(await takenNear(t, free), free)
})

async function takenNear(t: TestContext, wanted: number): Promise<number> {
  const server = createServer()
  t.after(() => server.close())
  return await listenNear(server, wanted)
}

test('the demo runs beside whatever has its port', async (t) => {
  const taken = await takenPort(t)
  const { demo } = await demonstrate(t, taken)
  assert.notEqual(demo.pagePort, taken)
  assert.ok(demo.places.page.endsWith(`:${demo.pagePort}/`))
  assert.equal((await ask(demo, '/')).status, 200)
})
