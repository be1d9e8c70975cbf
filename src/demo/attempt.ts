/** One try of a scenario: a URL with a token of its own, and a nonce by which the log lines of just this try are found. */
import { randomUUID } from 'node:crypto'
import { mintToken } from '../tokens/mint.ts'
import type { Expected, Scenario } from './scenarios.ts'
import { hostOf, originOf } from './sites.ts'

export interface Attempt {
  readonly id: string
  readonly nonce: string
  /** What the page connects to. */
  readonly url: string
  /** Origins of the pages, outermost first; the last one connects. */
  readonly pages: readonly string[]
  readonly messages: number
  readonly expected: Expected
}

interface Minting {
  readonly secret: string
  /** ms since the epoch. */
  readonly now: number
}

const VALID_SECONDS = 3600
const EXPIRED_SECONDS = -60

/** A token for the customer's site, valid for an hour or expired a minute ago. */
export const mintDemoToken = (kind: 'valid' | 'expired', { secret, now }: Minting): Promise<string> =>
  mintToken({
    secret,
    claims: { sub: 'ann', allowed_domains: [hostOf('app')] },
    ttlSeconds: kind === 'valid' ? VALID_SECONDS : EXPIRED_SECONDS,
    now,
  })

/** @param chat the proxy's URL for the chat, without a query */
export async function prepareAttempt(
  scenario: Scenario,
  chat: string,
  options: Minting & { readonly pagePort: number },
): Promise<Attempt> {
  const nonce = randomUUID()
  const pages = scenario.pages.map((site) => originOf(site, options.pagePort))
  const parent = scenario.namesParent ? pages.at(-2) : undefined
  const query = new URLSearchParams()
  if (scenario.token !== 'none') query.set('site_token', await mintDemoToken(scenario.token, options))
  if (parent !== undefined) query.set('parent_origin', parent)
  query.set('demo', nonce)
  const { id, messages, expected } = scenario
  return { id, nonce, url: `${chat}?${query}`, pages, messages, expected }
}
