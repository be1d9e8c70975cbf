/** Whatever happens to a session, in whatever order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createShared, isOver, type OpenSession, openSession } from '../support/session.ts'
import type { End } from '../support/upgrades.ts'
import { bare, bareHead, closing, masked, maskedHead } from '../support/wire-frames.ts'

/** Node cannot reset a connection that is sending FIN, and leaks its handle where it tries. */
function reset({ raw: { socket } }: End): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}

/** What may happen to a session, in any order. */
const happenings = {
  'client sends': ({ client }) => client.send(masked(1, 'text')),
  'client sends half': ({ client }) => client.send(`${maskedHead(2, 10)}half`),
  'client closes': ({ client }) => client.send(masked(8, closing(1000))),
  'client breaks': ({ client }) => client.send(masked(3, 'x')),
  'client FIN': ({ client }) => void client.raw.socket.end(),
  'client reset': ({ client }) => reset(client),
  'upstream sends': ({ upstream }) => upstream.send(bare(1, 'text')),
  'upstream sends half': ({ upstream }) => upstream.send(`${bareHead(2, 10)}half`),
  'upstream closes': ({ upstream }) => upstream.send(bare(8, closing(1000))),
  'upstream breaks': ({ upstream }) => upstream.send(bare(3, 'x')),
  'upstream FIN': ({ upstream }) => void upstream.raw.socket.end(),
  'upstream reset': ({ upstream }) => reset(upstream),
  'we end': ({ session }) => session.end('ended_by_operator'),
  'time passes': ({ advance }) => advance(2_000),
  turn: () => {},
} satisfies Record<string, (open: OpenSession) => void>

test('whatever happens in whatever order: one end, everything given back, nothing left', async (t) => {
  const names = Object.keys(happenings) as (keyof typeof happenings)[]
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...names), fc.boolean()), { maxLength: 12 }), async (steps) => {
      const open = await openSession(t, { shared: createShared() })
      for (const [name, waits] of steps) {
        happenings[name](open)
        if (waits) await new Promise((resolve) => setTimeout(resolve, 1))
      }
      open.session.end('shutting_down')
      for (let round = 0; round < 14; round++) open.advance(5_000)
      await isOver(open)
      assertWellFormed(open.client)
      assertWellFormed(open.upstream)
    }),
    { numRuns: 60 },
  )
})

/** At most one Close, and nothing after it. */
function assertWellFormed(end: End): void {
  const frames = end.frames()
  const closes = frames.filter(({ opcode }) => opcode === 8)
  assert.ok(closes.length <= 1)
  if (closes.length === 1) assert.equal(frames.at(-1)?.opcode, 8)
}
