import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Finding } from '../../src/policy/finding.ts'
import { Sessions } from '../../src/proxy/sessions.ts'
import { Tally } from '../../src/proxy/tally.ts'

const finding = (reason: Finding['reason'], action: Finding['action']): Finding => ({
  check: 'c',
  reason,
  detail: '',
  counted: action !== 'none' && action !== 'candidate',
  action,
})

test('what one session counts, its route counts too', () => {
  const totals = new Sessions().totalsOf('r')
  const [one, two] = [new Tally(totals), new Tally(totals)]
  assert.equal(totals.active, 2)
  one.messageIn()
  one.bytesIn(10)
  two.messageOut()
  two.bytesOut(7)
  two.bytesOut(3)
  one.end()
  assert.deepEqual(one.traffic, { messagesIn: 1, messagesOut: 0, bytesIn: 10, bytesOut: 0 })
  assert.deepEqual(two.traffic, { messagesIn: 0, messagesOut: 1, bytesIn: 0, bytesOut: 10 })
  const { active, messagesIn, messagesOut, bytesIn, bytesOut } = totals
  assert.deepEqual([active, messagesIn, messagesOut, bytesIn, bytesOut], [1, 1, 1, 10, 10])
})

test('a refused frame is first once for its reason and session; refused and would-be refused count apart', () => {
  const totals = new Sessions().totalsOf('r')
  const [one, two] = [new Tally(totals), new Tally(totals)]
  const said = [
    one.violation(finding('message_rate', 'none')),
    one.violation(finding('message_rate', 'none')),
    one.violation(finding('protocol_error', 'close')),
    two.violation(finding('message_rate', 'close')),
  ]
  assert.deepEqual(said, ['first', 'again', 'first', 'first'])
  assert.deepEqual(
    [...one.violations],
    [
      ['message_rate', 2],
      ['protocol_error', 1],
    ],
  )
  assert.deepEqual(
    [...totals.violations.values()],
    [
      { reason: 'message_rate', action: 'none', count: 2 },
      { reason: 'protocol_error', action: 'close', count: 1 },
      { reason: 'message_rate', action: 'close', count: 1 },
    ],
  )
})

test('what a candidate would refuse is told apart', () => {
  const totals = new Sessions().totalsOf('r')
  const tally = new Tally(totals)
  const said = (['drop', 'candidate', 'candidate', 'delay'] as const).map((action) =>
    tally.violation(finding('message_rate', action)),
  )
  assert.deepEqual(said, ['first', 'first', 'again', 'again'])
  assert.deepEqual(
    [...tally.violations],
    [
      ['message_rate', 2],
      ['candidate.message_rate', 2],
    ],
  )
  assert.deepEqual(
    [...totals.violations.values()].map(({ action, count }) => [action, count]),
    [
      ['drop', 1],
      ['candidate', 2],
      ['delay', 1],
    ],
  )
})
