/** `POST /api/drain?wait=25s`: answers when drained, or after `wait` with what is left. */
import { type AdminActions, type AdminAnswer, type AdminRequest, failure } from './actions.ts'
import { readParameters } from './parameters.ts'

/** Timers above 2³¹−1 ms fire at once (trap 6). */
const MAX_TIMER_MS = 2 ** 31 - 1

export async function drain({ query }: AdminRequest, actions: AdminActions): Promise<AdminAnswer> {
  const parameters = readParameters(query, ['wait'])
  if (typeof parameters === 'string') return failure(400, parameters)
  const { wait: text } = parameters
  const waitMs = text === undefined ? MAX_TIMER_MS : actions.parseDuration(text)
  if (waitMs === undefined) return failure(400, 'wait: expected a duration such as 25s')
  const drained = await within(actions.drain(), waitMs)
  if (drained) return answer(200, { drained: true, forced: drained.forced })
  return answer(202, { drained: false, open: (await actions.list({}, 0)).matching })
}

const answer = (status: number, body: object): AdminAnswer => ({
  status,
  body,
  done: { action: 'drain', detail: JSON.stringify(body) },
})

/** What the promise gives, or undefined once the time is over. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, Math.min(ms, MAX_TIMER_MS), undefined)
  })
  return await Promise.race([promise, timeout]).finally(() => clearTimeout(timer))
}
