/** A route whose clients show their token in their first message, in front of a raw backend. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { mintToken } from '../../src/tokens/mint.ts'
import { type Asking, ask, type End, eventually, type Proxied, proxied } from './upgrades.ts'
import { masked } from './wire-frames.ts'

export const SECRET = 'a-secret-of-at-least-thirty-two-bytes-0123456789'

/** Ends to the millisecond: of whole seconds the first may be over at once. */
export const mint = (claims: Record<string, unknown> = { sub: 'ann' }, ttlSeconds = 60) =>
  mintToken({ secret: SECRET, claims: { exp: Date.now() / 1000 + ttlSeconds, ...claims }, ttlSeconds, now: Date.now() })

/** What a GraphQL client says first. */
export const init = (token: unknown) => JSON.stringify({ type: 'connection_init', payload: { authorization: token } })

/** The same as a frame. */
export const said = (token: unknown) => masked(1, init(token))

export interface Waiting extends Proxied {
  /** A client that asked and has its answer. */
  readonly come: (asking?: Asking) => Promise<End>
  /** The `decided` lines so far, in short. */
  readonly decided: () => unknown[][]
  /** Resolves when nothing is held any more: no place, no memory, no deadline. */
  readonly nothingHeld: () => Promise<void>
  /** Another configuration from here on. */
  readonly reload: (given: Given) => Promise<void>
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

const written = ({ token = '', route = '', top = '', from = 'message:payload.authorization' }: Given) =>
  `upstream: UPSTREAM
${top}
routes: [{ path: /ws, token: { secret: ${SECRET}, from: [query:token, "${from}"]${token} }${route} }]
`

/** @param files more of them, by absolute path */
export async function firstMessages(
  t: TestContext,
  given: Given = {},
  files: Record<string, string> = {},
): Promise<Waiting> {
  const all = await proxied(t, { yaml: written(given), files })
  const come = async (asking: Asking = {}) => {
    const client = await ask(t, all.proxy.port, asking)
    await client.head()
    return client
  }
  const decided = () =>
    all.proxy.logs
      .filter(({ event }) => event === 'decided')
      .map(({ outcome, check, reason, code }) => [outcome, check, reason, code])
  const nothingHeld = () =>
    eventually(() => Object.values(all.proxy.running.held()).every((held) => held === 0), 'nothing left')
  const reload = async (next: Given) => {
    files['/test/wsluice.yaml'] = written(next).replaceAll('UPSTREAM', `http://127.0.0.1:${all.server.port}`)
    assert.deepEqual(await all.proxy.running.reload(), { ok: true })
  }
  return { ...all, come, decided, nothingHeld, reload }
}
