/** What is sent to make reading expensive: each is refused, before much is made of it, in time that its length excuses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Bounds } from '../../src/messages/bounds.ts'
import { readJson } from '../../src/messages/json.ts'

const MIB = 1 << 20
const BOUNDS: Bounds = { depth: 128, keys: Number.POSITIVE_INFINITY, stringLength: Number.POSITIVE_INFINITY }

const million = (entry: (index: number) => string) =>
  Array.from({ length: 1_000_000 }, (_, index) => entry(index)).join(',')

const ATTACKS: [name: string, payload: () => Buffer, bounds: Partial<Bounds>, expected: string][] = [
  [
    'a million keys',
    () => Buffer.from(`{${million((index) => `"${index}":0`)}}`),
    { keys: 1000 },
    'more than 1000 keys',
  ],
  ['a million objects', () => Buffer.from(`[${million(() => '{"a":0}')}]`), { keys: 1000 }, 'more than 1000 keys'],
  [
    'a million levels',
    () => Buffer.from(`${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`),
    {},
    'more than 128 objects and lists in each other',
  ],
  [
    'a hundred thousand objects in each other',
    () => Buffer.from(`${'{"a":'.repeat(100_000)}0${'}'.repeat(100_000)}`),
    {},
    'more than 128 objects and lists in each other',
  ],
  [
    'a string of 64 MiB',
    () => Buffer.from(`"${'a'.repeat(64 * MIB)}"`),
    { stringLength: MIB },
    'a string of more than 1048576 characters',
  ],
  [
    'a string of 8 MiB of escapes',
    () => Buffer.from(`"${'\\u0061'.repeat((8 * MIB) / 6)}"`),
    { stringLength: MIB },
    'a string of more than 1048576 characters',
  ],
  ['a number of 8 MiB', () => Buffer.alloc(8 * MIB, '1'), {}, 'a number that no double holds'],
  ['a million large numbers', () => Buffer.from(`[${million(() => '1e309')}]`), {}, 'a number that no double holds'],
  ['a key a million times', () => Buffer.from(`{${million(() => '"a":0')}}`), {}, 'a key stands twice in an object'],
  ['an escaped key behind a hundred thousand others', twiceBehind, {}, 'a key stands twice in an object'],
]

function twiceBehind(): Buffer {
  const others = Array.from({ length: 100_000 }, (_, index) => `"k${index}":0`).join(',')
  return Buffer.from(`{"a":0,${others},"\\u0061":1}`)
}

for (const [name, make, bounds, expected] of ATTACKS) {
  test(name, () => {
    const payload = make()
    const begin = performance.now()
    assert.equal(readJson(payload, false, { ...BOUNDS, ...bounds }), expected)
    assert.ok(performance.now() - begin < 2000)
  })
}

test('many keys within the bounds are read in time linear in them', () => {
  const took = [30_000, 300_000].map((count) => {
    const payload = Buffer.from(`{${Array.from({ length: count }, (_, index) => `"${index * 7919}x":0`).join(',')}}`)
    const begin = performance.now()
    assert.equal(typeof readJson(payload, true, BOUNDS), 'object')
    return performance.now() - begin
  })
  assert.ok((took[1] ?? 0) < 60 * (took[0] ?? 0) + 500, took.join(' '))
})
