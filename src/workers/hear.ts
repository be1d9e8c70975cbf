/** Asks all workers that serve, and takes what those say that answer: to look at one that hangs, the others must be seen. */
import type { Observe } from '../observe/events.ts'
import type { Crew } from './crew.ts'
import type { ToWorker } from './words.ts'

/** How long a worker may take over an answer for operators, ms. */
export const ANSWER_MS = 5000

/** The log tells who did not answer. */
export async function hear<Word extends keyof ToWorker & string>(
  { serving }: Pick<Crew, 'serving'>,
  observe: Observe,
  word: Word,
  says: ToWorker[Word]['says'],
): Promise<ToWorker[Word]['gets'][]> {
  const answers = await Promise.allSettled(serving.map(({ link }) => link.ask(word, says, ANSWER_MS)))
  return answers.flatMap((one, index) => {
    if (one.status === 'fulfilled') return [one.value]
    const why = one.reason instanceof Error ? one.reason.message : 'failed'
    observe({ type: 'warning', message: `worker ${serving[index]?.number} is left out of an answer: ${why}` })
    return []
  })
}
