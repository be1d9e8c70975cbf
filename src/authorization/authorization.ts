/** External authorization: one service, asked within its bounds, its answers remembered, its failures told. */
import { rememberAnswers } from './answers.ts'
import type { Asker, Reply } from './ask.ts'
import type { Service } from './service.ts'

export interface AuthorizationSettings {
  readonly service: Service
  readonly timeoutMs: number
  /** 0: no answer is remembered. */
  readonly cacheMs: number
  /** Of an answer's headers those that are of use; the others are not kept. */
  readonly responseHeaders: readonly string[]
}

/** What the service is told. */
interface Told {
  /** `[name, value, …]`: what the answer depends on. */
  readonly headers: readonly string[]
  /** The same of what it does not depend on. */
  readonly beside: readonly string[]
}

/** Never rejects. */
export type Authorization = (told: Told) => Promise<Reply>

/** A service began to fail, or answers again. */
export type ServiceEvent =
  | { readonly outcome: 'failed'; readonly detail: string }
  | { readonly outcome: 'answers'; readonly detail: string }

export interface AuthorizationContext {
  readonly asker: Asker
  /** ms, monotonic */
  readonly clock: () => number
  /** Told when what was so changes; the URL is fit to be shown. */
  readonly onEvent: (url: string, event: ServiceEvent) => void
}

/** Makes the authorization of one entry of a configuration. */
export function createAuthorization(
  { service, timeoutMs, cacheMs, responseHeaders }: AuthorizationSettings,
  { asker, clock, onEvent }: AuthorizationContext,
): Authorization {
  const answers = rememberAnswers({ keepMs: cacheMs, clock, isKept: isDecision })
  let isFailing = false
  const tell = (reply: Reply) => {
    if (isDecision(reply) !== isFailing) return
    isFailing = !isFailing
    onEvent(service.shown, { outcome: isFailing ? 'failed' : 'answers', detail: describe(reply) })
  }
  return ({ headers, beside }) =>
    answers(JSON.stringify(headers), async () => {
      const reply = await asker.ask({ service, headers: [...headers, ...beside], timeoutMs })
      tell(reply)
      return 'status' in reply ? { ...reply, headers: chosen(reply.headers, responseHeaders) } : reply
    })
}

/** The headers of an answer that have these names, under the names as they are written here. */
function chosen(raw: readonly string[], names: readonly string[]): string[] {
  const values = new Map<string, string[]>()
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase()
    values.set(name, [...(values.get(name) ?? []), raw[index + 1] ?? ''])
  }
  return names.flatMap((name) => (values.get(name.toLowerCase()) ?? []).flatMap((value) => [name, value]))
}

const DECISIONS: ReadonlySet<number> = new Set([401, 403, 404])

/** Whether the service decided; anything else is a failure of its own. */
export const isDecision = (reply: Reply): reply is Extract<Reply, { status: number }> =>
  'status' in reply && ((reply.status >= 200 && reply.status < 300) || DECISIONS.has(reply.status))

/** What it did, in words. */
export const describe = (reply: Reply): string => ('status' in reply ? `answered ${reply.status}` : reply.problem)
