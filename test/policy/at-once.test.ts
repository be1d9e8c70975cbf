/** A judgement waits only where a check does, and comes to the same then. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { admitOrWait } from '../../src/policy/admit.ts'
import type { Mode, Step } from '../../src/policy/check.ts'
import { refuse, type Verdict } from '../../src/policy/verdict.ts'
import { connection } from '../support/connection.ts'
import { policyOf, step } from '../support/route-policy.ts'

interface Drawn {
  readonly kind: 'pass' | 'learn' | 'refuse' | 'break'
  readonly mode: Mode
  readonly needs: Step['needs']
}

/** A check that notes what it is asked, what it gives back and takes back. */
function stepOf({ kind, mode, needs }: Drawn, index: number, log: string[]): Step {
  const name = `step ${index}`
  const judge: Step['judge'] = ({ user }) => {
    log.push(`${name} asked, user ${user}`)
    if (kind === 'break') throw new Error('broken')
    if (kind === 'refuse') return refuse('access_denied', name, { type: 'iframe' })
    const learned = kind === 'learn' ? { learned: { user: name } } : {}
    return { ok: true, ...learned, release: () => log.push(`${name} released`), undo: () => log.push(`${name} undone`) }
  }
  return step(name, judge, mode, needs)
}

async function later(judge: () => ReturnType<Step['judge']>): Promise<Verdict> {
  await undefined
  return judge()
}

/** What a judgement comes to, with some of its steps made to wait. */
async function outcomeOf(drawn: readonly Drawn[], waits: readonly boolean[]) {
  const log: string[] = []
  const steps = drawn.map((one, index) => {
    const known = stepOf(one, index, log)
    return waits[index]
      ? { ...known, judge: (facts: Parameters<Step['judge']>[0]) => later(() => known.judge(facts)) }
      : known
  })
  const facts = connection()
  const judgement = admitOrWait(facts, policyOf(steps))
  const isAtOnce = !(judgement instanceof Promise)
  const admission = await judgement
  if (admission.granted === true) admission.permit.release()
  const { user, type } = admission.connection
  // What was given to be judged is as it was.
  assert.deepEqual([facts.user, facts.type, facts.route], [undefined, undefined, undefined])
  const trace = admission.trace.map(({ check, verdict }) => [check, verdict?.ok])
  return { isAtOnce, what: { granted: admission.granted, findings: admission.findings, trace, user, type, log } }
}

test('at once where every check knows at once; the same where some of them wait', async () => {
  const one = fc.record({
    kind: fc.constantFrom<Drawn['kind'][]>('pass', 'learn', 'refuse', 'break'),
    mode: fc.constantFrom<Mode[]>('enforce', 'dry-run'),
    needs: fc.constantFrom<Step['needs'][]>([], [], ['user']),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(one, { maxLength: 6 }),
      fc.array(fc.boolean(), { maxLength: 6 }),
      async (drawn, waits) => {
        const known = await outcomeOf(drawn, [])
        assert.equal(known.isAtOnce, true)
        assert.deepEqual((await outcomeOf(drawn, waits)).what, known.what)
      },
    ),
  )
})
