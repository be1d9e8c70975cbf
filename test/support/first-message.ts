/** A route whose clients show their token in their first message, in front of a raw backend. */
import type { TestContext } from 'node:test'
import { mintToken } from '../../src/tokens/mint.ts'
import { type Asking, ask, type End, type Proxied, proxied } from './upgrades.ts'
import { masked } from './wire-frames.ts'

export const SECRET = 'a-secret-of-at-least-thirty-two-bytes-0123456789'

export const mint = (claims: Record<string, unknown> = { sub: 'ann' }, ttlSeconds = 60) =>
  mintToken({ secret: SECRET, claims, ttlSeconds, now: Date.now() })

/** What a GraphQL client says first. */
export const init = (token: unknown) => JSON.stringify({ type: 'connection_init', payload: { authorization: token } })

/** The same as a frame. */
export const said = (token: unknown) => masked(1, init(token))

export interface Waiting extends Proxied {
  /** A client that asked and has its answer. */
  readonly come: (asking?: Asking) => Promise<End>
  /** The `decided` lines so far, in short. */
  readonly decided: () => unknown[][]
}

interface Given {
  /** More of the token's section: `, firstMessage: { timeout: 1s }`. */
  readonly token?: string
  /** More of the route, in one line. */
  readonly route?: string
  /** More beside `routes`, in lines. */
  readonly top?: string
  readonly from?: string
}

export async function firstMessages(t: TestContext, given: Given = {}): Promise<Waiting> {
  const { token = '', route = '', top = '', from = 'message:payload.authorization' } = given
  const yaml = `upstream: UPSTREAM
${top}
routes: [{ path: /ws, token: { secret: ${SECRET}, from: [query:token, "${from}"]${token} }${route} }]
`
  const all = await proxied(t, { yaml })
  const come = async (asking: Asking = {}) => {
    const client = await ask(t, all.proxy.port, asking)
    await client.head()
    return client
  }
  const decided = () =>
    all.proxy.logs
      .filter(({ event }) => event === 'decided')
      .map(({ outcome, check, reason, code }) => [outcome, check, reason, code])
  return { ...all, come, decided }
}
