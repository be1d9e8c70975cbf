/**
 * Where a token may be used: the domains its claim lists, against the page's Origin. Behind a trusted iframe host the
 * Origin is the widget's own, so the page that embeds it (`parent_origin`) is judged instead (trap 28).
 */
import { z } from 'zod'
import { domainAllows, parentHost, parseAllowedDomains } from '../net/domain.ts'
import { compileHosts } from '../net/host.ts'
import { parseOrigin } from '../net/origin.ts'
import type { Connection } from '../policy/connection.ts'
import { passed, refuse, type Verdict } from '../policy/verdict.ts'
import { list } from '../settings/list.ts'
import { parsed } from '../settings/parsed.ts'
import { text } from '../settings/text.ts'
import { holdsJwt } from '../tokens/looks-like-jwt.ts'
import { defineCheck, section } from './define.ts'
import { type ValueSource, valueSource } from './value.ts'

const hostPattern = () =>
  parsed(text(), (value) => {
    compileHosts([value])
    return value
  })

const choice = () => z.enum(['reject', 'allow']).prefault('reject')

export const domains = defineCheck({
  key: 'domains',
  place: 'route',
  doc: 'On which domains a token may be used, also from inside an iframe.',
  settings: section({
    claim: text().prefault('allowed_domains').meta({
      doc: 'The claim that lists domains: an array, or one comma-separated text. `d` matches d and its subdomains, `*.d` subdomains only.',
      env: 'WS_DOMAIN_CLAIM',
      turnsOn: true,
    }),
    iframeHosts: list(hostPattern()).prefault([]).meta({
      doc: 'Hosts of our own iframes: from them `parent_origin` is judged in place of Origin. An entry without a port matches any port.',
      env: 'WS_TRUSTED_IFRAME_HOSTS',
      turnsOn: true,
    }),
    parentOrigin: valueSource('query', 'header', 'cookie').prefault('query:parent_origin').meta({
      doc: 'Where the embedding page is named: an origin or a bare host.',
      env: 'WS_PARENT_ORIGIN',
    }),
    absent: choice().meta({ doc: 'A token without the claim: `reject` or `allow`.' }),
    missing: choice().meta({ doc: 'Clients without an Origin header: `reject` or `allow`.' }),
  }),
  needs: ['claims'],
  reads: ({ parentOrigin }) => ['header:origin', parentOrigin.text],
  problems: (_, { hasToken }) =>
    hasToken ? [] : [{ path: [], message: 'domains are listed in a token: the route needs a token section' }],
  onHandshake: ({ claim, iframeHosts, parentOrigin, absent, missing }) => {
    const isIframeHost = compileHosts(iframeHosts)
    return (connection) => {
      const place = placeOf(connection, isIframeHost, parentOrigin)
      if (place === 'missing') {
        return missing === 'allow' ? passed('no Origin header') : refuse('origin_missing', 'no Origin header')
      }
      if (place.unnamed !== undefined) return refuse('domain_not_allowed', place.unnamed, place.learned)
      const listed = connection.claims?.[claim]
      if (listed === undefined && absent === 'allow') return passed(`the token has no ${claim}`, place.learned)
      return judge(place, parseAllowedDomains(listed), claim)
    }
  },
})

/** The page a token is used on. */
interface Place {
  readonly learned: { readonly type: 'direct' | 'iframe'; readonly parentOrigin?: string }
  /** What was judged, in words. */
  readonly judged: string
  /** Why it is not known, whatever the token allows: an iframe of ours that does not say where it stands. */
  readonly unnamed?: string
  readonly host: string | undefined
  readonly port: number | undefined
}

function placeOf(connection: Connection, isIframeHost: (host: string, port: number) => boolean, parent: ValueSource) {
  const lines = connection.header('origin')
  if (lines[0] === undefined) return 'missing'
  const origin = lines.length === 1 ? parseOrigin(lines[0]) : undefined
  if (!origin || !isIframeHost(origin.host, origin.port)) return direct(lines[0], origin)
  return embedded(parent.text, parent.read(connection))
}

const direct = (line: string, origin: { host: string; port: number } | undefined): Place => ({
  learned: { type: 'direct' },
  judged: `Origin ${line}`,
  host: origin?.host,
  port: origin?.port,
})

function embedded(source: string, value: string | undefined): Place {
  const parent = value === undefined ? undefined : parentHost(value)
  if (value === undefined || parent === undefined) return unnamed(source, value)
  // A host has no case.
  const shown = shownText(value).toLowerCase()
  return { learned: { type: 'iframe', parentOrigin: shown }, judged: `${source} ${shown}`, ...parent }
}

function unnamed(source: string, value: string | undefined): Place {
  const judged = 'an iframe on a trusted host names no parent'
  const nowhere = { judged, host: undefined, port: undefined }
  if (value === undefined) {
    return { ...nowhere, learned: { type: 'iframe' }, unnamed: `${judged}: ${source} is absent` }
  }
  const shown = shownText(value)
  const learned = { type: 'iframe', parentOrigin: shown } as const
  return { ...nowhere, learned, unnamed: `${judged}: ${source} ${shown} is no origin and no host` }
}

const MAX_SHOWN = 256

/** What the client calls its parent, without what may be a key in it: a query, a user and password, a JWT. */
function shownText(text: string): string {
  const bare = text
    .slice(0, MAX_SHOWN)
    .replace(/[?#].*$/s, '')
    .replace(/\/\/.*@/s, '//***@')
  return holdsJwt(bare) ? '***' : bare
}

function judge(place: Place, allowed: readonly string[] | undefined, claim: string): Verdict {
  if (!allowed) return refuse('domain_not_allowed', `the token's ${claim} is no list of domains`, place.learned)
  if (place.host !== undefined && domainAllows(allowed, place.host, place.port)) {
    return passed(`${place.judged} is in the token's ${claim}`, place.learned)
  }
  return refuse('domain_not_allowed', `${place.judged} is not in the token's ${claim}`, place.learned)
}
