/** Policies made of steps that a test gives, without a configuration. */
import { compileAnswers } from '../../src/policy/answers.ts'
import type { Mode, Step } from '../../src/policy/check.ts'
import type { Policy, RoutePolicy } from '../../src/policy/policy.ts'
import { pass, type Verdict } from '../../src/policy/verdict.ts'
import { trusting } from './trust.ts'

export const step = (check: string, judge: Step['judge'], mode: Mode = 'enforce', needs: Step['needs'] = []): Step => ({
  check,
  mode,
  needs,
  judge,
})

const routePolicy = (name: string, steps: readonly Step[]): RoutePolicy<undefined> => ({
  name,
  steps,
  frames: [],
  upstreams: undefined,
  rejectWith: 'close',
  http: 'pass',
  validateUtf8: true,
  identity: {},
  tokenProtocols: () => new Set(),
  mode: 'enforce',
  tokenMode: 'enforce',
  session: { mode: 'enforce' },
  payload: () => '',
  maskQuery: (query) => query,
})

/** A policy whose entry finds the route `chat`, which has the steps. */
export function policyOf(steps: readonly Step[], entry: readonly Step[] = [step('route', () => TO_CHAT)]) {
  const chat = routePolicy('chat', steps)
  return {
    entry,
    routes: new Map([['chat', chat]]),
    unmatched: routePolicy('none', []),
    routeOf: () => chat,
    answers: compileAnswers('seeds', {}),
    identityHeaders: [],
    trust: trusting([]),
    mode: 'enforce',
  } satisfies Policy<undefined>
}

const TO_CHAT: Verdict = { ok: true, learned: { route: 'chat', params: new Map() } }

/** A step that always passes, and notes in `ran` that it was asked. */
export const noted = (ran: string[], check: string, verdict: Verdict = pass, mode: Mode = 'enforce'): Step =>
  step(
    check,
    () => {
      ran.push(check)
      return verdict
    },
    mode,
  )
