import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Exceeding, MessageStep } from '../../src/policy/check.ts'
import type { Finding } from '../../src/policy/finding.ts'
import type { Droppable } from '../../src/policy/inspect.ts'
import { MessageInspector } from '../../src/policy/inspect-message.ts'
import { pass, type Refusal, refuse } from '../../src/policy/verdict.ts'
import { connection } from '../support/connection.ts'

const MESSAGE = { kind: 'text', payload: Buffer.from('x'), isAscii: true, at: 0 } as const

interface Given {
  readonly refusal?: Refusal
  readonly mode?: MessageStep['mode']
  readonly droppable?: Droppable
  readonly compressed?: boolean
}

const INVALID = refuse('message_invalid', 'x')
const REDACTED = { ...refuse('outbound_denied', 'x'), instead: Buffer.from('y') }

const DEAF = { found: () => {}, taken: () => {} }

const step = (action: Exceeding['action'], mode: MessageStep['mode'], refusal: Refusal): MessageStep => ({
  check: 'test',
  mode,
  id: 'test',
  maxBytes: 1,
  exceeding: { action, maxDelay: 0, notice: 'no' },
  begin: () => () => refusal,
})

function judged(
  action: Exceeding['action'],
  { refusal = INVALID, mode = 'enforce', droppable = 'every', compressed = false }: Given,
) {
  const told: Finding[] = []
  const inspector = new MessageInspector(
    connection(),
    [step(action, mode, refusal)],
    { ...DEAF, found: (finding) => void told.push(finding) },
    droppable,
  )
  const finding = inspector.judge(MESSAGE, compressed)
  assert.ok(finding !== 'taken')
  assert.deepEqual(told, [finding])
  return finding
}

const CASES: [name: string, action: Exceeding['action'], given: Given, expected: Finding['action']][] = [
  ['close', 'close', {}, 'close'],
  ['drop', 'drop', {}, 'drop'],
  ['error', 'error', {}, 'error'],
  ['redact', 'redact', { refusal: REDACTED }, 'redact'],
  ['redact with nothing in its place', 'redact', {}, 'drop'],
  ['a dry run', 'drop', { mode: 'dry-run' }, 'none'],
  ['compressed, and others refer to it', 'drop', { droppable: 'uncompressed', compressed: true }, 'close'],
  ['not compressed', 'error', { droppable: 'uncompressed' }, 'error'],
  ['under an extension that we do not know', 'drop', { droppable: 'none' }, 'close'],
  ['too long', 'drop', { refusal: refuse('message_too_big', '') }, 'close'],
  ['no memory', 'error', { refusal: refuse('overloaded', '') }, 'close'],
  ['a fault of ours', 'drop', { refusal: refuse('internal_error', '') }, 'close'],
  ['too often', 'error', { refusal: refuse('message_rate', '') }, 'error'],
]

for (const [name, action, given, expected] of CASES) {
  test(name, () => assert.equal(judged(action, given)?.action, expected))
}

test('the client is told by error and before a Close, and of nothing else', () => {
  const notices = (['close', 'drop', 'error'] as const).map((action) => judged(action, {})?.notice)
  assert.deepEqual(notices, ['no', undefined, 'no'])
  assert.equal(judged('error', { mode: 'dry-run' })?.notice, undefined)
})

test('a check that throws refuses', () => {
  const begin = () => () => {
    throw new Error('oh')
  }
  const inspector = new MessageInspector(connection(), [{ ...step('drop', 'enforce', INVALID), begin }], DEAF, 'every')
  const finding = inspector.judge(MESSAGE, false)
  assert.ok(finding !== undefined && finding !== 'taken')
  const { reason, action, detail } = finding
  assert.deepEqual([reason, action, detail], ['internal_error', 'close', 'Error: oh'])
})

test('a reload keeps the state of a check that is the same', () => {
  let begun = 0
  const counting = (id: string): MessageStep => ({
    ...step('drop', 'enforce', INVALID),
    id,
    begin: () => {
      begun++
      return () => pass
    },
  })
  const inspector = new MessageInspector(connection(), [counting('a')], DEAF, 'every')
  inspector.adopt([counting('a')])
  assert.equal(begun, 1)
  inspector.adopt([counting('b')])
  assert.equal(begun, 2)
})

const FOR_US: MessageStep = {
  ...step('close', 'enforce', INVALID),
  id: 'for us',
  begin: () => () => ({ ok: true, forUs: { value: 'said' } }),
}

test('a message for us is taken, and nobody else judges it; in a dry run they do', () => {
  for (const [mode, droppable, compressed, expected] of [
    ['enforce', 'every', true, 'taken'],
    ['enforce', 'uncompressed', false, 'taken'],
    ['enforce', 'uncompressed', true, 'shutting_down'],
    ['enforce', 'none', false, 'shutting_down'],
    ['dry-run', 'every', false, 'message_invalid'],
  ] as const) {
    const taken: unknown[] = []
    const steps = [{ ...FOR_US, mode }, step('drop', 'enforce', INVALID)]
    const events = { found: () => {}, taken: (value: unknown) => void taken.push(value) }
    const inspector = new MessageInspector(connection(), steps, events, droppable)
    const outcome = inspector.judge(MESSAGE, compressed)
    assert.equal(outcome === 'taken' ? outcome : outcome?.reason, expected)
    assert.deepEqual(taken, expected === 'shutting_down' ? [] : ['said'])
  }
})

test('what is enforced reads for what is in dry run', () => {
  const dry = { ...step('drop', 'dry-run', INVALID), id: 'dry' }
  const inspector = new MessageInspector(connection(), [dry, FOR_US], DEAF, 'every')
  assert.equal(inspector.step.id, 'for us')
  assert.equal(inspector.judge(MESSAGE, false), 'taken')
  assert.throws(() => new MessageInspector(connection(), [], DEAF, 'every'), /nothing reads/)
})
