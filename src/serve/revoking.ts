/** Revocations by operators: read, kept, and carried out on the connections that are open. */
import { type Revocation, readRevocation } from '../tokens/revocation.ts'
import type { Listed, Revocations } from '../tokens/revocations.ts'

/** The list that operators change, wherever clients are served. */
export interface Revoking {
  /** Keeps one; open connections that it is about end within a moment. */
  readonly revoke: (revocation: Revocation) => Listed | Promise<Listed>
  /** Whether there was one of that id. */
  readonly unrevoke: (id: string) => boolean | Promise<boolean>
  readonly revocations: () => readonly Listed[]
}

/** @param now ms since the epoch @param judgeRights judges all open connections again */
export const revokingIn = (list: Revocations, now: () => number, judgeRights: () => void): Revoking => ({
  revoke: (revocation) => {
    const kept = list.add(revocation, now())
    judgeRights()
    return kept
  },
  unrevoke: (id) => list.delete(id),
  revocations: () => list.list(now()),
})

/** What an operator sent, read and carried out; a text says what is wrong with it. */
export async function revokeWhat(body: string, now: number, revoke: Revoking['revoke']): Promise<object | string> {
  const revocation = readBody(body, now)
  return typeof revocation === 'string' ? revocation : shown(await revoke(revocation))
}

function readBody(body: string, now: number): Revocation | string {
  try {
    const revocation = readRevocation(JSON.parse(body))
    return (revocation.until ?? now + 1) > now ? revocation : 'until: is past, so it would revoke nothing'
  } catch (error) {
    // The message of the parser would quote what was sent.
    return error instanceof SyntaxError || !(error instanceof Error) ? 'send a JSON object' : error.message
  }
}

/** How many there are, and at most so many of them as an operator reads them. */
export const listed = (all: readonly Listed[], most: number) => ({
  total: all.length,
  rows: all.slice(0, most).map(shown),
})

/** With dates. */
const shown = ({ id, jti, user, issuedBefore, until, refreshed }: Listed): object => ({
  id,
  jti,
  user,
  issuedBefore: date(issuedBefore),
  until: date(until),
  refreshed,
})

const date = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString())
