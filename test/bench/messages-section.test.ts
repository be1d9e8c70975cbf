import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MessageResults, messagesSection } from '../../bench/messages-section.ts'

const RESULTS: MessageResults = {
  date: '2026-01-02',
  command: 'npm run bench -- messages',
  machine: ['2 cores'],
  rounds: 3,
  judged: [
    { name: 'schema', judgedNs: 1500.4, parseNs: 500 },
    { name: 'slow', judgedNs: 3600, parseNs: 500 },
    { name: 'inflating', judgedNs: 3000, parseNs: 0 },
  ],
  frameNs: { unread: 40.2, read: 200 },
}

test('what is judged stands beside its parse, and against the goal', () => {
  const section = messagesSection(RESULTS)
  for (const row of [
    '| schema | 1500 | 500 | 1000 | yes |',
    '| slow | 3600 | 500 | 3100 | **no** |',
    '| inflating | 3000 |  | 3000 | yes |',
    '| nobody reads it | 40 |',
  ])
    assert.ok(section.includes(row), row)
  assert.match(section, /^Taken 2026-01-02 with `npm run bench -- messages`: 2 cores\. Medians of 3 rounds/)
})
