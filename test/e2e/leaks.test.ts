/** After 1,000 connections of every kind of ending, everything is back where it was. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { Report } from './leak-run.ts'

const GROWTH_KIB = 1_000

test('1,000 connections of every kind of ending leave nothing', { timeout: 90_000 }, async (t) => {
  const script = join(import.meta.dirname, 'leak-run.ts')
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script], { timeout: 80_000 })
  // The script prints exactly this.
  const report = JSON.parse(stdout) as Report
  t.diagnostic(stdout.trim())
  assert.deepEqual(report.held, { sessions: 0, counts: 0, deadlines: 0, lingering: 0, buffered: 0 })
  assert.deepEqual(report.after, report.before)
  assert.ok(report.grownKiB < GROWTH_KIB, `the heap grew by ${report.grownKiB} KiB`)
  // The run was what it claims to be.
  for (const code of [403, 1000, 1001, 1002, 1006, 1007, 1008, 1014, 3000, 4401, 4408])
    assert.ok((report.codes[code] ?? 0) > 0, String(code))
})
