/** Answers that are remembered for a while, and equal questions that are asked once. */
import { hash } from 'node:crypto'
import type { Reply } from './ask.ts'

/** The most answers remembered of one service. */
const MAX_KEPT = 10_000

export interface AnswersOptions {
  /** How long an answer is good, ms; 0: it is not remembered. */
  readonly keepMs: number
  /** ms, monotonic */
  readonly clock: () => number
  /** Whether an answer may be remembered. */
  readonly isKept: (reply: Reply) => boolean
  readonly max?: number
}

/** @returns the answer to the question that a text stands for; `ask` is called where it is neither remembered nor being asked */
export type Answers = (key: string, ask: () => Promise<Reply>) => Promise<Reply>

/** Questions are told apart by their hash, so that no token or cookie of one stays in memory. */
export function rememberAnswers({ keepMs, clock, isKept, max = MAX_KEPT }: AnswersOptions): Answers {
  const kept = new Map<string, { readonly reply: Reply; readonly until: number }>()
  const asked = new Map<string, Promise<Reply>>()
  // All are kept equally long: the first in the map is the first to end.
  const forget = () => {
    const now = clock()
    for (const [key, { until }] of kept) {
      if (until > now && kept.size <= max) return
      kept.delete(key)
    }
  }
  const keep = (key: string, reply: Reply) => {
    if (keepMs === 0 || !isKept(reply)) return
    kept.delete(key)
    kept.set(key, { reply, until: clock() + keepMs })
    forget()
  }
  return async (question, ask) => {
    const key = hash('sha256', question, 'base64')
    const known = kept.get(key)
    if (known && known.until > clock()) return known.reply
    const underWay = asked.get(key)
    if (underWay) return await underWay
    // Nobody's in particular: that one who waits for it leaves ends it for nobody.
    const asking = ask().finally(() => asked.delete(key))
    asked.set(key, asking)
    const reply = await asking
    keep(key, reply)
    return reply
  }
}
