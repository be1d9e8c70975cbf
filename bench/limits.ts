/** What a judgement costs, what a key costs, and what a flood of addresses does. */
import { Tracked } from '../src/limits/tracked.ts'
import { heapBytes } from './heap.ts'
import type { Effort, Result } from './result.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const MIB = 2 ** 20

const EXACT = [
  { count: 10, windowMs: SECOND },
  { count: 100, windowMs: MINUTE },
]
const GROUPED = [
  { count: 1000, windowMs: SECOND },
  { count: 10_000, windowMs: MINUTE },
]
const BYTES = [{ count: MIB, windowMs: SECOND }]

const MAX = 10_000

const addressOf = (index: number): string => `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`
const addresses = (count: number): string[] => Array.from({ length: count }, (_, index) => addressOf(index))

export function limits({ short }: Effort): Result[] {
  // The heap first, while nothing else has been on it. And judgements are timed when V8 has met every kind of limiter.
  const flooded = flood(short ? 20_000 : 1_000_000, short ? 200 : MAX)
  const kept = memory(short ? 100 : MAX)
  return [...times(short ? 2000 : 5_000_000), ...kept, ...flooded]
}

/** Judges keys in turn, `stepMs` apart, and says what one judgement took. The first fifth is not measured. */
function nanoseconds(
  limiter: Tracked,
  keys: readonly string[],
  judgements: number,
  stepMs: number,
  amount = 1,
): number {
  let now = 1_000_000
  const judge = (count: number) => {
    for (let index = 0; index < count; index++) {
      now += stepMs
      limiter.take(keys[index % keys.length] ?? '', now, amount)
    }
  }
  judge(Math.max(judgements / 5, keys.length))
  const start = cpuNanoseconds()
  judge(judgements)
  return (cpuNanoseconds() - start) / judgements
}

/** Of this thread: what else runs on the machine does not count. */
function cpuNanoseconds(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) * 1000
}

function times(judgements: number): Result[] {
  const one = addresses(1)
  const every = addresses(MAX)
  const newcomers = addresses(1_000_000)
  const ns = (name: string, value: number): Result => ({ name, value, unit: 'ns' })
  const of = (rates: typeof EXACT) => new Tracked({ rates, max: MAX })
  return [
    ns('warm, 10/s and 100/min, taken', nanoseconds(of(EXACT), one, judgements, 700)),
    ns('warm, 10/s and 100/min, refused', nanoseconds(of(EXACT), one, judgements, 0)),
    ns('warm, 10/s and 100/min, mixed', nanoseconds(of(EXACT), one, judgements, 60)),
    ns('warm, 1000/s and 10000/min, taken', nanoseconds(of(GROUPED), one, judgements, 7)),
    ns('warm, 1000/s and 10000/min, refused', nanoseconds(of(GROUPED), one, judgements, 0)),
    ns('warm, 1 MiB/s, 1 KiB each, taken', nanoseconds(of(BYTES), one, judgements, 1, 1024)),
    ns('100 keys in turn, 10/s and 100/min', nanoseconds(of(EXACT), addresses(100), judgements, 7)),
    ns('10,000 keys in turn, 10/s and 100/min', nanoseconds(of(EXACT), every, judgements, 0.07)),
    ns('cold: every key is new and evicts one', nanoseconds(of(EXACT), newcomers, judgements / 5, 0.07)),
    ns('cold: an evicted key that stays refused', evicted(judgements)),
  ]
}

function evicted(judgements: number): number {
  const limiter = new Tracked({ rates: EXACT, max: MAX })
  for (let event = 0; event < 100; event++) limiter.take('evicted', event * 101)
  // Twice as many as there is room for: its mark saves a key once.
  for (const key of addresses(2 * MAX)) limiter.take(key, 10_100)
  if (limiter.limited(10_200).length > 0) throw new Error('a key was not evicted')
  if (limiter.hasRoom('evicted', 10_200)) throw new Error('an evicted key was let in')
  return nanosecondsOf(judgements, () => limiter.hasRoom('evicted', 10_200))
}

function nanosecondsOf(count: number, run: () => void): number {
  for (let index = 0; index < count / 5; index++) run()
  const start = cpuNanoseconds()
  for (let index = 0; index < count; index++) run()
  return (cpuNanoseconds() - start) / count
}

/** What a table of so many keys takes, each with so many events a hundredth of a window apart. */
function memory(keys: number): Result[] {
  const cases = [
    ['10/s and 100/min, 1 event', EXACT, 1, 1],
    ['10/s and 100/min, 10 events', EXACT, 10, 1],
    ['10/s and 100/min, full', EXACT, 100, 1],
    ['100/min, full', EXACT.slice(1), 100, 1],
    ['1000/s, 1 event', GROUPED.slice(0, 1), 1, 1],
    ['1000/s, full', GROUPED.slice(0, 1), 1000, 1],
    ['1 MiB/s, full of 4 KiB', BYTES, 256, 4096],
  ] as const
  return cases.map(([name, rates, events, amount]) => {
    const before = heapBytes()
    const limiter = new Tracked({ rates, max: keys })
    for (let event = 0; event < events; event++) {
      // As far apart as the windows allow.
      const now = (event * (rates[rates.length - 1]?.windowMs ?? 0)) / events
      for (let index = 0; index < keys; index++) limiter.take(addressOf(index), now, amount)
    }
    const bytes = (heapBytes() - before) / limiter.size
    return { name: `memory, ${name}`, value: bytes, unit: 'bytes a key' }
  })
}

/** As many addresses as given, through a table of `max`, while one that has been evicted is at its limit. */
function flood(count: number, max: number): Result[] {
  const limiter = new Tracked({ rates: EXACT, max })
  for (let event = 0; event < 100; event++) limiter.take('limited', event * 101)
  const before = heapBytes()
  let admitted = 0
  let letIn = 0
  const began = cpuNanoseconds()
  for (let index = 0; index < count; index++) {
    const now = floodTime(index, count)
    if (limiter.take(addressOf(index), now)) admitted++
    // Not before it has been evicted: an attempt would keep it in the table.
    if (index > 2 * max && index % 100 === 0 && limiter.take('limited', now)) letIn++
  }
  const took = (cpuNanoseconds() - began) / 1e6
  const after = heapBytes()
  return [
    { name: `flood of ${count} addresses in 50 s: it took`, value: took, unit: 'ms' },
    { name: 'flood: heap before', value: before / MIB, unit: 'MiB' },
    { name: 'flood: heap after', value: after / MIB, unit: 'MiB' },
    { name: 'flood: addresses remembered', value: limiter.size, unit: 'keys' },
    { name: 'flood: attempts of the limited address let in', value: letIn, unit: '' },
    { name: 'flood: newcomers admitted', value: (100 * admitted) / count, unit: '%' },
    { name: 'the same, each going to its limit: newcomers admitted', value: fullFlood(count, max), unit: '%' },
  ]
}

/** The flood lasts 50 seconds, and begins when the limited address has reached its limit. */
const floodTime = (index: number, count: number): number => 10 * SECOND + (index * 50 * SECOND) / count

/** Each address takes what it can. In percent, how many got in at all. */
function fullFlood(count: number, max: number): number {
  const limiter = new Tracked({ rates: EXACT, max })
  let admitted = 0
  for (let index = 0; index < count; index++) {
    const now = floodTime(index, count)
    const address = addressOf(index)
    if (!limiter.take(address, now)) continue
    admitted++
    while (limiter.take(address, now));
  }
  return (100 * admitted) / count
}
