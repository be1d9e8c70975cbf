/** What a person can try: one table, which the page shows and the tests replay. */
import type { Site } from './sites.ts'

export interface Scenario {
  readonly id: string
  readonly title: string
  /** What it shows, in a sentence. */
  readonly shows: string
  /** The setting that decides. */
  readonly setting: string
  /** The pages, outermost first, each embedded by the one before it; the last one connects. */
  readonly pages: readonly [Site, ...Site[]]
  readonly token: 'valid' | 'expired' | 'none'
  /** Whether the page that connects names the one that embeds it. */
  readonly namesParent: boolean
  /** How many messages the page wants to send, each after the answer to the one before. */
  readonly messages: number
  readonly expected: Expected
}

/** What the page promises: the browser's CloseEvent, and the reason in the operator's log. */
export interface Expected {
  readonly code: number
  readonly text: string
  /** A key of the reasons table; empty where the page itself ends the connection. */
  readonly reason: string
  /** Messages that the backend answered. */
  readonly echoes: number
}

const ADMITTED: Expected = { code: 1000, text: '', reason: '', echoes: 1 }
const NOT_PROVEN = { code: 4401, text: 'Invalid or expired authentication token', echoes: 0 }
const NOT_HERE: Expected = { code: 4003, text: 'Domain not allowed', reason: 'domain_not_allowed', echoes: 0 }

const usual = { pages: ['app'], token: 'valid', namesParent: false, messages: 1 } as const

export const SCENARIOS: readonly Scenario[] = [
  {
    ...usual,
    id: 'valid',
    title: 'Valid token',
    shows: 'The page is on a site that the token lists, so it talks to the backend and then leaves.',
    setting: 'token.from',
    expected: ADMITTED,
  },
  {
    ...usual,
    id: 'no-token',
    title: 'No token',
    shows: 'Nobody knows who this is: refused before the backend hears of it.',
    setting: 'token.from',
    token: 'none',
    expected: { ...NOT_PROVEN, reason: 'token_missing' },
  },
  {
    ...usual,
    id: 'expired-token',
    title: 'Expired token',
    shows: 'The signature is good and the time is over; the client is told no more than before, the operator is.',
    setting: 'token.expiry',
    token: 'expired',
    expected: { ...NOT_PROVEN, reason: 'token_expired' },
  },
  {
    ...usual,
    id: 'wrong-domain',
    title: 'Wrong domain',
    shows: 'A good token on a site that it does not list: somebody copied it.',
    setting: 'domains.claim',
    pages: ['app', 'other'],
    expected: NOT_HERE,
  },
  {
    ...usual,
    id: 'iframe-right-parent',
    title: 'Iframe, right parent',
    shows: 'The Origin is our own widget, so the site that embeds it is judged, and the token lists that one.',
    setting: 'domains.iframeHosts',
    pages: ['app', 'widget'],
    namesParent: true,
    expected: ADMITTED,
  },
  {
    ...usual,
    id: 'iframe-wrong-parent',
    title: 'Iframe, wrong parent',
    shows: 'The same widget, embedded by a site that the token does not list.',
    setting: 'domains.parentOrigin',
    pages: ['app', 'other', 'widget'],
    namesParent: true,
    expected: NOT_HERE,
  },
  {
    ...usual,
    id: 'iframe-no-parent',
    title: 'Iframe, no parent',
    shows: 'The widget does not say who embeds it, and its own Origin proves nothing.',
    setting: 'domains.parentOrigin',
    pages: ['app', 'widget'],
    expected: NOT_HERE,
  },
  {
    ...usual,
    id: 'foreign-origin',
    title: 'Foreign Origin',
    shows: 'A page of somebody else connects; not even its token is looked at.',
    setting: 'origin.allow',
    pages: ['app', 'evil'],
    expected: { code: 1008, text: 'Origin not allowed', reason: 'origin_not_allowed', echoes: 0 },
  },
  {
    ...usual,
    id: 'too-many-messages',
    title: 'Too many messages',
    shows: 'Five messages in ten seconds are answered; the sixth ends the connection and never reaches the backend.',
    setting: 'limits.messages',
    messages: 8,
    expected: { code: 1008, text: 'Rate limit exceeded', reason: 'message_rate', echoes: 5 },
  },
]
