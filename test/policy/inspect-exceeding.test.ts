/** What becomes of a frame that an enforced check refuses, and when dropping or delaying is not possible. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Exceeding, FrameCheck, FrameStep, StepMode } from '../../src/policy/check.ts'
import type { Finding } from '../../src/policy/finding.ts'
import type { Frame } from '../../src/policy/frame.ts'
import { type Droppable, FrameInspector } from '../../src/policy/inspect.ts'
import { pass, type Refusal, refuse } from '../../src/policy/verdict.ts'
import { connection } from '../support/connection.ts'
import { frame, ping } from '../support/frame.ts'
import { assembled } from '../support/policy.ts'

const NO = refuse('message_rate', 'many')

interface Given {
  readonly check?: string
  readonly judge?: FrameCheck
  readonly mode?: StepMode
  readonly exceeding?: Partial<Exceeding>
}

const step = ({ check = 'test', judge = () => NO, mode = 'enforce', exceeding }: Given): FrameStep => ({
  check,
  mode,
  id: check,
  begin: () => judge,
  ...(exceeding ? { exceeding: { action: 'close', maxDelay: 0, ...exceeding } } : {}),
})

function inspecting(steps: readonly Given[], droppable?: Droppable) {
  const findings: Finding[] = []
  const inspector = new FrameInspector(connection(), steps.map(step), (finding) => findings.push(finding), droppable)
  const judge = (given: Partial<Frame> = {}) => inspector.judge(frame(given))?.action ?? 'pass'
  return { inspector, findings, judge }
}

const compressed = { compressed: true }
const continuation = { opcode: 0, first: false }

const DROPS: [name: string, droppable: Droppable, frame: Partial<Frame>, expected: string][] = [
  ['a message', 'every', {}, 'drop'],
  ['the first of several frames', 'every', { fin: false }, 'drop'],
  ['a compressed message without context', 'every', compressed, 'drop'],
  ['a compressed message with context', 'uncompressed', compressed, 'close'],
  ['one that is not compressed', 'uncompressed', {}, 'drop'],
  ['of an unknown extension', 'none', {}, 'close'],
  ['a continuation, whose message is half out', 'every', continuation, 'close'],
  ['a ping', 'every', ping(0), 'drop'],
  ['a ping of an unknown extension', 'none', ping(0), 'drop'],
]

for (const [name, droppable, given, expected] of DROPS) {
  test(`drop: ${name} ${expected}s`, () => {
    const { judge, findings } = inspecting([{ exceeding: { action: 'drop' } }], droppable)
    assert.equal(judge(given), expected)
    assert.deepEqual(
      findings.map(({ action, counted }) => [action, counted]),
      [[expected, true]],
    )
  })
}

test('drop: after so many dropped messages the next one closes; pings are none', () => {
  const { judge } = inspecting([{ exceeding: { action: 'drop', closeAfterDrops: 2 } }])
  assert.deepEqual([judge(), judge(ping(0)), judge(), judge()], ['drop', 'drop', 'drop', 'close'])
})

test('drop: drops are counted over a reload, and by check', () => {
  const given = { exceeding: { action: 'drop', closeAfterDrops: 2 } } as const
  const { inspector, judge } = inspecting([given])
  assert.deepEqual([judge(), judge()], ['drop', 'drop'])
  inspector.adopt([step(given)])
  assert.equal(judge(), 'close')
  inspector.adopt([step({ ...given, check: 'other' })])
  assert.equal(judge(), 'drop')
})

const at = (retryAt: number) => () => ({ ...NO, retryAt })

const DELAYS: [name: string, judge: () => Refusal, expected: string][] = [
  ['within the bound', at(105), 'delay'],
  ['at the bound', at(110), 'delay'],
  ['beyond the bound', at(111), 'close'],
  ['never', at(Number.POSITIVE_INFINITY), 'close'],
  ['of which no time is known', () => NO, 'close'],
]

for (const [name, judge, expected] of DELAYS) {
  test(`delay: a wait ${name}: ${expected}`, () => {
    const { inspector } = inspecting([{ judge, exceeding: { action: 'delay', maxDelay: 10 } }])
    const finding = inspector.judge(frame({ at: 100 }))
    assert.equal(finding?.action, expected)
    assert.equal(finding?.retryAt, expected === 'delay' ? judge().retryAt : undefined)
  })
}

test('delay: a frame is told of once, and its bound counts from when it came', () => {
  const { inspector, findings } = inspecting([
    { judge: (one) => ({ ...NO, retryAt: one.at + 4 }), exceeding: { action: 'delay', maxDelay: 10 } },
  ])
  const actions = [100, 104, 106, 107].map((time) => inspector.judge(frame({ at: time, arrived: 100 }))?.action)
  assert.deepEqual(actions, ['delay', 'delay', 'delay', 'close'])
  assert.deepEqual(
    findings.map(({ action }) => action),
    ['delay', 'close'],
  )
})

test('delay: what waited behind another has waited', () => {
  const { inspector } = inspecting([
    { judge: (one) => ({ ...NO, retryAt: one.at + 4 }), exceeding: { action: 'delay', maxDelay: 10 } },
  ])
  assert.equal(inspector.judge(frame({ at: 106, arrived: 100 }))?.action, 'delay')
  const next = inspecting([
    { judge: (one) => ({ ...NO, retryAt: one.at + 4 }), exceeding: { action: 'delay', maxDelay: 10 } },
  ])
  assert.equal(next.inspector.judge(frame({ at: 107, arrived: 100 }))?.action, 'close')
})

/** Counts what it is asked, and refuses the first `refusals` times. */
function counting(refusals: number) {
  const seen = { count: 0 }
  const judge: FrameCheck = (one) => (++seen.count <= refusals ? { ...NO, retryAt: one.at + 1 } : pass)
  return { seen, judge }
}

const DELAY = { action: 'delay', maxDelay: 1000 } as const

test('delay: it is judged again by the check that delayed it and those after it', () => {
  const [first, second, third] = [counting(0), counting(2), counting(1)]
  const { judge } = inspecting([
    { check: 'a', judge: first.judge },
    { check: 'b', judge: second.judge, exceeding: DELAY },
    { check: 'c', judge: third.judge, exceeding: DELAY },
  ])
  assert.deepEqual([judge(), judge(), judge(), judge()], ['delay', 'delay', 'delay', 'pass'])
  assert.deepEqual([first.seen.count, second.seen.count, third.seen.count], [1, 3, 2])
  assert.equal(judge(), 'pass')
  assert.deepEqual([first.seen.count, second.seen.count, third.seen.count], [2, 4, 3], 'the next frame meets all')
})

test('delay: a reload meanwhile judges it by the checks that are new, not again by those that were before', () => {
  const [first, second, added] = [counting(0), counting(9), counting(0)]
  const a = { check: 'a', judge: first.judge }
  const { inspector, judge } = inspecting([a, { check: 'b', judge: second.judge, exceeding: DELAY }])
  assert.equal(judge(), 'delay')
  inspector.adopt([step({ check: 'new', judge: added.judge }), step(a)])
  assert.equal(judge(), 'pass')
  assert.deepEqual([first.seen.count, added.seen.count], [1, 1])
})

test('a broken check closes, whatever the setting says', () => {
  for (const action of ['drop', 'delay'] as const) {
    const judge = () => {
      throw new Error('oops')
    }
    const { inspector } = inspecting([{ judge, exceeding: { action, maxDelay: 1000 } }])
    const finding = inspector.judge(frame())
    assert.deepEqual([finding?.action, finding?.reason], ['close', 'internal_error'])
  }
})

test('a notice stands beside what closes, and nothing else', () => {
  const notice = 'slow down'
  const told = (exceeding: Partial<Exceeding>, mode: StepMode = 'enforce') =>
    inspecting([{ mode, exceeding: { notice, ...exceeding } }]).inspector.judge(frame())?.notice
  assert.equal(told({ action: 'close' }), notice)
  assert.equal(told({ action: 'drop', closeAfterDrops: 0 }), notice)
  assert.equal(told({ action: 'drop' }), undefined)
  assert.equal(told({ action: 'close' }, 'dry-run'), undefined)
})

const MODES: [modes: StepMode[], passes: boolean, told: string[], judged: number[]][] = [
  [['dry-run', 'dry-run'], true, ['none'], [1, 0]],
  [['dry-run', 'enforce'], false, ['none', 'close'], [1, 1]],
  [['dry-run', 'candidate'], true, ['none'], [1, 0]],
  [['candidate', 'dry-run'], true, ['candidate', 'none'], [1, 1]],
  [['candidate', 'enforce'], false, ['candidate', 'close'], [1, 1]],
  [['candidate', 'candidate'], true, ['candidate', 'candidate'], [1, 1]],
  [['enforce', 'candidate'], false, ['close'], [1, 0]],
]

for (const [modes, passes, told, judged] of MODES) {
  test(`modes ${modes.join(', ')}: a would-be refusal keeps the frame from what is tried after it`, () => {
    const checks = modes.map(() => counting(9))
    const { judge, findings } = inspecting(
      modes.map((mode, index) => ({
        check: `check ${index}`,
        mode,
        judge: (one) => checks[index]?.judge(one) ?? pass,
      })),
    )
    assert.equal(judge() === 'pass', passes)
    assert.deepEqual(
      findings.map(({ action }) => action),
      told,
    )
    assert.deepEqual(
      checks.map(({ seen }) => seen.count),
      judged,
    )
  })
}

test('in a dry run nothing is dropped or delayed', () => {
  for (const action of ['drop', 'delay'] as const) {
    const { judge, findings } = inspecting([{ mode: 'dry-run', judge: at(1), exceeding: { action, maxDelay: 9 } }])
    assert.deepEqual([judge(), findings[0]?.action, findings[0]?.counted], ['pass', 'none', false])
  }
})

/** What is found in each frame: the reasons, and whether the connection would have ended. */
function report(mode: 'enforce' | 'dry-run', limits: string, frames: readonly Frame[]) {
  const { policy } = assembled({
    yaml: `upstream: http://a\nroutes: [{ name: r, limits: { mode: ${mode}, ${limits} } }]`,
  })
  const found: string[][] = []
  const steps = policy.routes.get('r')?.frames ?? []
  const inspector = new FrameInspector(connection(), steps, ({ check, reason }) =>
    found.at(-1)?.push(`${check} ${reason}`),
  )
  for (const one of frames) {
    found.push([])
    if (inspector.judge(one)?.action === 'close') break
  }
  return found
}

/** Messages of 10 B a fragment, as many fragments as their numbers say. */
const messagesOf = (...fragments: readonly number[]): Frame[] =>
  fragments.flatMap((count) =>
    Array.from({ length: count }, (_, index) =>
      frame({
        ...(index === 0 ? {} : { opcode: 0, first: false }),
        fin: index === count - 1,
        length: 10,
        messageLength: 10 * (index + 1),
        fragments: index + 1,
      }),
    ),
  )

const REPORTS: [name: string, limits: string, frames: readonly Frame[]][] = [
  ['messages', 'messages: { perConnection: 1/min, onExceed: drop }', messagesOf(1, 3, 2)],
  ['fragments', 'messages: { perConnection: 1/min, onExceed: drop }, fragments: 4', messagesOf(1, 20)],
  [
    'bytes of a dropped message',
    'messages: { perConnection: 1/min, onExceed: drop }, bytes: { perConnection: 50B/min, onExceed: drop }',
    messagesOf(1, 3, 3, 3),
  ],
  ['bytes', 'bytes: { perConnection: 30B/min, onExceed: drop }', messagesOf(3, 1, 1, 2)],
]

for (const [name, limits, frames] of REPORTS) {
  test(`a dry run reports what enforcement finds, drops included: ${name}`, () => {
    const enforced = report('enforce', limits, frames)
    assert.ok(enforced.flat().length > 0)
    // Where enforcement ends the connection the dry run goes on.
    assert.deepEqual(report('dry-run', limits, frames).slice(0, enforced.length), enforced)
  })
}

test('a candidate sees the rest of a message that an enforced limit drops', () => {
  const limits = 'messages: { perConnection: 1/min, onExceed: drop }, candidate: { bytes: { perConnection: 30B/min } }'
  const found = report('enforce', limits, messagesOf(1, 4))
  assert.deepEqual(found, [[], ['messages message_rate'], [], [], ['candidate.bytes byte_rate']])
})

test('error is a drop that the client is told of; a dry run tells nobody', () => {
  const told = (mode: FrameStep['mode']) => {
    const step: FrameStep = {
      check: 'test',
      mode,
      id: 'test',
      begin: () => () => refuse('kind_not_allowed', ''),
      exceeding: { action: 'error', maxDelay: 0, notice: 'no' },
    }
    const findings: Finding[] = []
    const inspector = new FrameInspector(connection(), [step], (finding) => void findings.push(finding), 'uncompressed')
    inspector.judge(frame())
    inspector.judge(frame({ compressed: true }))
    return findings.map(({ action, notice }) => [action, notice])
  }
  assert.deepEqual(told('enforce'), [
    ['error', 'no'],
    ['close', 'no'],
  ])
  assert.deepEqual(told('dry-run'), [
    ['none', undefined],
    ['none', undefined],
  ])
})
