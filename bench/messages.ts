/** The suite `messages`: what judging a message of about 200 bytes costs beside parsing it. */
import process from 'node:process'
import { frameRelay } from './frame-cost.ts'
import { machine } from './machine.ts'
import { messageCases } from './message-cases.ts'
import { GOAL_NS, type JudgedMessage, type MessageResults } from './messages-section.ts'
import type { BenchOptions, Report } from './options.ts'
import { keep } from './report.ts'
import { table } from './result.ts'
import { spreadOf } from './statistics.ts'

const MESSAGES = 300_000
const LENGTH = 200
/** Fewer have no median worth keeping. */
const LEAST_ROUNDS = 3

export function messages({ short, rounds }: BenchOptions): Report {
  const count = short ? 500 : MESSAGES
  const cases = messageCases().map((one) => ({ one, judge: [] as number[], parse: [] as number[] }))
  const frames = { 'not read': [] as number[], read: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    // All in each round, so that a disturbance meets all of them.
    for (const { one, judge, parse } of cases) {
      judge.push(nanoseconds(count, one.judge))
      if (one.parse) parse.push(nanoseconds(count, one.parse))
    }
    for (const how of ['not read', 'read'] as const) frames[how].push(nanoseconds(count, frameRelay(LENGTH, how)))
  }
  const judged = cases.map(({ one, judge, parse }): JudgedMessage => {
    const [all, parsing] = [median(judge), median(parse)]
    return { name: one.name, judgedNs: all, parseNs: parsing }
  })
  const frameNs = { unread: median(frames['not read']), read: median(frames.read) }
  const results: MessageResults = {
    date: new Date().toISOString().slice(0, 10),
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    machine: machine(),
    rounds,
    judged,
    frameNs,
  }
  if (!short && rounds >= LEAST_ROUNDS) keep('messages', results)
  return { text: printed(results), json: results, ok: true }
}

/** 0 where there is none. */
const median = (values: readonly number[]) => spreadOf(values)?.median ?? 0

/** CPU time of this thread for each of so many runs. The first fifth is not measured. */
function nanoseconds(count: number, run: () => void): number {
  for (let index = 0; index < count / 5; index++) run()
  const begin = process.threadCpuUsage()
  for (let index = 0; index < count; index++) run()
  const { user, system } = process.threadCpuUsage(begin)
  return ((user + system) * 1000) / count
}

const printed = ({ judged, frameNs }: MessageResults) =>
  [
    table([
      ...judged.map(({ name, judgedNs, parseNs }) => ({
        name,
        value: judgedNs - parseNs,
        unit: 'ns beside its parse',
      })),
      { name: 'a frame relayed, nobody reads it', value: frameNs.unread, unit: 'ns' },
      { name: 'a frame relayed, read and unmasked', value: frameNs.read, unit: 'ns' },
    ]),
    ...judged
      .filter(({ judgedNs, parseNs }) => judgedNs - parseNs > GOAL_NS)
      .map(({ name }) => `beyond ${GOAL_NS} ns: ${name}`),
  ].join('\n')
