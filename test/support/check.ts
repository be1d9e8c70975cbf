/** A check with its settings, as assembly makes it. */
import type { z } from 'zod'
import type { Assembly, CheckDefinition } from '../../src/checks/define.ts'
import { Counts } from '../../src/limits/counts.ts'
import { Limiters } from '../../src/limits/limiters.ts'
import type { FrameCheck, HandshakeCheck } from '../../src/policy/check.ts'
import type { Verdict } from '../../src/policy/verdict.ts'
import { Revocations } from '../../src/tokens/revocations.ts'
import { connection } from './connection.ts'

type Check<S extends z.ZodType> = CheckDefinition<string, 'route' | 'limits', S>

/** What a check is assembled with: a route called `chat`, nothing counted yet, no key set to fetch. */
export const assembly = (more: Partial<Assembly> = {}, limiters = new Limiters()): Assembly => ({
  scope: 'chat',
  counts: new Counts(),
  limiter: (name, rates) => limiters.get(name, rates, 100),
  gate: (name, rates) => limiters.gate(name, rates, 100),
  keySet: () => {
    throw new Error('no key set is fetched in this test')
  },
  authorization: () => {
    throw new Error('no service is asked in this test')
  },
  revocations: new Revocations(),
  longestTolerance: 0,
  ...more,
})

/** The handshake check of a definition, with settings as they are written in a file. */
export function handshakeCheck<S extends z.ZodType>(
  definition: Check<S>,
  written: z.input<S>,
  given = assembly(),
): HandshakeCheck {
  const check = definition.onHandshake?.(definition.settings.parse(written), given)
  if (!check) throw new Error(`${definition.key} judges no handshake`)
  return check
}

/** The frame check of a definition, for one connection. */
export function frameCheck<S extends z.ZodType>(definition: Check<S>, written: z.input<S>): FrameCheck {
  const begin = definition.onFrame?.(definition.settings.parse(written), assembly())
  if (!begin) throw new Error(`${definition.key} judges no frame`)
  return begin(connection())
}

/** `pass`, or the reason. */
export const conclusion = (verdict: Verdict): string => (verdict.ok ? 'pass' : verdict.reason)
