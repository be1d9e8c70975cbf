import assert from 'node:assert/strict'
import cluster from 'node:cluster'
import { test } from 'node:test'
import { Ledger } from '../../src/workers/ledger.ts'
import type { Handlers } from '../../src/workers/link.ts'
import { Member } from '../../src/workers/member.ts'
import type { ToPrimary } from '../../src/workers/words.ts'

test('a process that cannot be started has ended, and nobody waits for it', async (t) => {
  const ledger = new Ledger(() => 0)
  const ended: string[] = []
  cluster.setupPrimary({ cwd: '/nowhere/at/all' })
  t.after(() => cluster.setupPrimary({ cwd: process.cwd() }))
  const member = new Member({
    number: 1,
    desk: () => ledger.desk(() => {}),
    // It says nothing.
    handlers: (of) => ledger.answers(of.desk) as Handlers<ToPrimary>,
    write: () => {},
    complain: () => {},
    ended: (_, how) => ended.push(how),
    clock: () => 0,
  })
  await assert.rejects(member.started(10_000), { message: 'worker 1 ended while it started' })
  await member.gone
  assert.equal(ended.length, 1)
  assert.match(ended[0] ?? '', /ENOENT/)
  assert.equal(member.hasEnded, true)
  member.kill()
})
