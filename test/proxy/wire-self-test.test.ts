/** The self-test finds what may be wrong with a wire, and says what. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MakeWire, Side, Wire, WireEvents } from '../../src/proxy/wire.ts'
import { portableWire } from '../../src/proxy/wire-portable.ts'
import { selfTest } from '../../src/proxy/wire-self-test.ts'
import { IMPLEMENTATIONS, turns } from '../support/wires.ts'

const SHORT_MS = 150

/** Sockets and servers that are open. */
const open = () => process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCP')).length

/** A right wire, with something broken. */
const broken =
  (
    wire: (wire: Wire, events: WireEvents) => Partial<Wire>,
    events: (events: WireEvents) => Partial<WireEvents> = () => ({}),
  ): MakeWire =>
  (socket, told) => {
    const right = portableWire(socket, { ...told, ...events(told) })
    return { ...right, ...wire(right, told) }
  }

const BROKEN: readonly [name: string, make: Parameters<typeof selfTest>[0], reason: RegExp][] = [
  ['takes nothing', () => undefined, /does not take/],
  [
    'throws',
    () => {
      throw new TypeError('handle.useUserBuffer is not a function')
    },
    /useUserBuffer/,
  ],
  ['loses bytes', broken((wire) => ({ write: (bytes) => wire.write(bytes.subarray(1)) })), /other than they went in/],
  ['says all is taken', broken((wire) => ({ write: (bytes) => wire.write(bytes) || true })), /slow|not noticed/],
  [
    'never drains',
    broken(
      () => ({}),
      () => ({ drained: () => {} }),
    ),
    /not finish/,
  ],
  [
    'drains twice',
    broken(
      () => ({}),
      ({ drained }) => ({
        drained: () => {
          drained()
          drained()
        },
      }),
    ),
    /drained is told once/,
  ],
  ['keeps what it was given', (socket, events) => keeping(socket, events), /other than they went in/],
  ['never ends', broken(() => ({ end: () => {} })), /not finish/],
  [
    'ends all on FIN',
    broken(
      (_wire) => ({}),
      ({ closed }) => ({ ended: closed }),
    ),
    /not finish|told as/,
  ],
  [
    'tells a reset as FIN',
    broken(
      () => ({}),
      ({ ended, closed }) => ({
        closed: () => {
          ended()
          closed()
        },
      }),
    ),
    /told as|told once/,
  ],
  ['never reads', broken(() => ({ resume: () => {} })), /not finish/],
]

/** Does not copy: what is queued is what the buffer holds when it is sent. */
function keeping(side: Side, events: WireEvents): Wire {
  const socket = 'toSocket' in side ? side.toSocket() : side
  const right = portableWire(socket, events)
  return { ...right, write: (bytes) => socket.destroyed || socket.write(bytes) }
}

for (const [name, make] of IMPLEMENTATIONS) {
  test(`the ${name} wire passes, and leaves nothing open`, async () => {
    const before = open()
    assert.equal(await selfTest(make), undefined)
    await turns(10)
    assert.equal(open(), before)
  })
}

test('a wire that does not pass is not left open', async () => {
  const before = open()
  const [, fast] = IMPLEMENTATIONS.find(([name]) => name === 'fast') ?? []
  assert.ok(fast)
  const deaf: MakeWire = (socket, events) => fast(socket, { ...events, read: () => {} })
  assert.match((await selfTest(deaf, SHORT_MS)) ?? 'it passed', /not finish/)
  await turns(10)
  assert.equal(open(), before)
})

for (const [name, make, reason] of BROKEN) {
  test(`a wire that ${name} does not pass`, async () => {
    assert.match((await selfTest(make, SHORT_MS)) ?? 'it passed', reason)
  })
}
