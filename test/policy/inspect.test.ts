import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FrameCheck, FrameStep, Mode } from '../../src/policy/check.ts'
import type { Finding } from '../../src/policy/finding.ts'
import { FrameInspector } from '../../src/policy/inspect.ts'
import { pass, refuse } from '../../src/policy/verdict.ts'
import { connection } from '../support/connection.ts'
import { frame } from '../support/frame.ts'

/** Refuses every frame after the first `max`. */
const upTo = (max: number, id = `upTo ${max}`, mode: Mode = 'enforce'): FrameStep => ({
  check: id,
  mode,
  id,
  begin: () => {
    let count = 0
    return () => (++count <= max ? pass : refuse('message_rate', `${count}`))
  },
})

const always = (check: string, judge: FrameCheck, mode: Mode = 'enforce'): FrameStep => ({
  check,
  mode,
  id: check,
  begin: () => judge,
})

function inspecting(...steps: FrameStep[]) {
  const findings: Finding[] = []
  const inspector = new FrameInspector(connection(), steps, (finding) => findings.push(finding))
  return { inspector, findings, judge: () => inspector.judge(frame())?.reason }
}

test('a frame that every check passes has no finding', () => {
  const { judge, findings } = inspecting(upTo(2), upTo(1))
  assert.equal(judge(), undefined)
  assert.deepEqual(findings, [])
})

test('without checks every frame passes', () => {
  assert.equal(inspecting().judge(), undefined)
})

test('the first refusal that counts is the verdict, and later checks do not see the frame', () => {
  let seen = 0
  const { inspector, findings } = inspecting(
    always('size', () => refuse('message_too_big', 'big')),
    always('later', () => {
      seen++
      return pass
    }),
  )
  const expected = { check: 'size', reason: 'message_too_big', detail: 'big', counted: true, action: 'close' }
  assert.deepEqual(inspector.judge(frame()), expected)
  assert.deepEqual(findings, [expected])
  assert.equal(seen, 0)
})

test('a would-be refusal is reported and passes, and later checks still judge', () => {
  const { judge, findings } = inspecting(
    always('size', () => refuse('message_too_big', 'big'), 'dry-run'),
    always('rate', () => refuse('message_rate', 'many')),
  )
  assert.equal(judge(), 'message_rate')
  assert.deepEqual(
    findings.map(({ reason, counted }) => [reason, counted]),
    [
      ['message_too_big', false],
      ['message_rate', true],
    ],
  )
})

test('a check that throws refuses', () => {
  const broken = always('broken', () => {
    throw new RangeError('oops')
  })
  const { inspector } = inspecting(broken)
  const finding = inspector.judge(frame())
  assert.deepEqual([finding?.reason, finding?.detail], ['internal_error', 'RangeError: oops'])
})

test('each connection has a state of its own', () => {
  const step = upTo(1)
  const one = inspecting(step)
  const other = inspecting(step)
  assert.deepEqual([one.judge(), other.judge(), one.judge()], [undefined, undefined, 'message_rate'])
})

test('a reload keeps the state of a check whose settings are equal', () => {
  const { inspector, judge } = inspecting(upTo(1))
  judge()
  inspector.adopt([upTo(1)])
  assert.equal(judge(), 'message_rate')
})

test('a reload begins anew where the settings changed', () => {
  const { inspector, judge } = inspecting(upTo(1))
  judge()
  inspector.adopt([upTo(2)])
  assert.deepEqual([judge(), judge(), judge()], [undefined, undefined, 'message_rate'])
})

test('a reload keeps states where checks come, go and change places', () => {
  const { inspector, judge } = inspecting(upTo(2, 'two'), upTo(9, 'nine'))
  judge()
  inspector.adopt([upTo(5, 'new'), upTo(9, 'nine'), upTo(2, 'two')])
  assert.deepEqual([judge(), judge()], [undefined, 'message_rate'])
  inspector.adopt([])
  assert.equal(judge(), undefined)
})

test('a reload may take a check into dry run without losing its state', () => {
  const { inspector, judge, findings } = inspecting(upTo(1))
  judge()
  inspector.adopt([upTo(1, 'upTo 1', 'dry-run')])
  assert.equal(judge(), undefined)
  assert.deepEqual(
    findings.map(({ counted }) => counted),
    [false],
  )
})
