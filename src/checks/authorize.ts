/** Whether this user may open this resource: a claim equals a part of the URL, or an external service says so. Each entry must hold. */
import { z } from 'zod'
import { parseService } from '../authorization/service.ts'
import { duration, MAX_TIMER_MS } from '../settings/duration.ts'
import { headerName } from '../settings/header-name.ts'
import { filledList } from '../settings/list.ts'
import { parsed } from '../settings/parsed.ts'
import { text } from '../settings/text.ts'
import { type ClaimEntry, claimEquals } from './authorize-claim.ts'
import { asks, OWN_HEADER, type ServiceEntry } from './authorize-service.ts'
import { defineCheck, type SettingProblem, section } from './define.ts'
import { valueSource } from './value.ts'

const askedHeader = () =>
  headerName().refine((name) => !OWN_HEADER.test(name), 'is a header that wsluice writes itself')

/** What the backend is told of a client otherwise, or what is said of a message. */
const NOT_HANDED = /^(?:x-forwarded-.*|forwarded|x-real-ip|x-request-id|proxy.*|expect|content-.*|origin)$/i

const handedHeader = () =>
  headerName().refine((name) => !NOT_HANDED.test(name), 'has a meaning of its own; expected one such as X-Tenant')

const entry = section({
  claim: text().optional().meta({ doc: 'The claim compared.' }),
  equals: valueSource('param', 'query')
    .optional()
    .meta({ doc: 'What it must equal: `param:NAME` of the path, or `query:NAME`.' }),
  url: parsed(text(), parseService).optional().meta({
    doc: 'In place of a claim: a service that is asked with a GET. 2xx admits, 401 is `token_invalid`, 403 `access_denied`, 404 `resource_not_found`.',
  }),
  timeout: duration({ least: 1, most: MAX_TIMER_MS })
    .optional()
    .meta({ doc: 'How long its answer may take. Default 2s.' }),
  cache: duration()
    .optional()
    .meta({ doc: 'How long its answer to the same question is good. Default 0s: not remembered.' }),
  headers: filledList(askedHeader()).optional().meta({ doc: "The client's headers that it is sent too." }),
  onError: z.enum(['refuse', 'allow']).optional().meta({
    doc: 'Where it does not answer in time, or with another status: `refuse` (`internal_error`), the default, or `allow`.',
  }),
  responseHeaders: filledList(handedHeader()).optional().meta({
    doc: 'Headers of its answer that the backend gets; what a client sends under these names is always removed.',
  }),
  recheck: duration({ least: 1000 }).optional().meta({
    doc: 'How often it is asked again of an open connection, more or less, which ends where it refuses (not where it fails). A reload that brings it counts for connections that open from then on.',
  }),
})

type Entry = z.output<typeof entry>

export const authorize = defineCheck({
  key: 'authorize',
  place: 'route',
  doc: 'Whether this user may open this resource; every entry must hold.',
  settings: z.array(entry),
  many: true,
  // Without a token on the route a service is asked all the same.
  needs: (_, { tokens }) => (tokens ? ['claims'] : []),
  reads: (entries) =>
    entries.flatMap(({ equals, headers = [] }) => [
      ...(equals ? [equals.text] : []),
      ...headers.map((name) => `header:${name.toLowerCase()}`),
    ]),
  problems: (entries, { hasToken, params }) => {
    const needsToken = entries.some(({ url }) => !url) && !hasToken
    if (needsToken) return [{ path: [], message: 'a claim stands in a token: the route needs a token section' }]
    return entries.flatMap((one, index) => problemsOf(one, index, params))
  },
  recheck: ([first]) => first?.recheck,
  onHandshake: ([first], assembly) => {
    if (!first) throw new Error('an entry of authorize is judged by itself')
    return isOfClaim(first) ? claimEquals(first) : asks(serviceEntry(first), assembly)
  },
})

const isOfClaim = (one: Entry): one is Entry & ClaimEntry => one.claim !== undefined && one.equals !== undefined

function serviceEntry({
  url,
  timeout = 2000,
  cache = 0,
  headers = [],
  onError = 'refuse',
  responseHeaders = [],
}: Entry): ServiceEntry {
  if (!url) throw new Error('an entry of authorize has a claim or a url')
  return { url, timeout, cache, headers, onError, responseHeaders }
}

const isAnsweredFromMemory = ({ recheck, cache = 0 }: Entry) => recheck !== undefined && recheck <= cache

const OF_SERVICE = ['timeout', 'cache', 'headers', 'onError', 'responseHeaders', 'recheck'] as const

function problemsOf(one: Entry, index: number, params: readonly string[]): SettingProblem[] {
  const { claim, equals, url } = one
  const at = (key: string, message: string) => [{ path: [index, key], message }]
  if (url) {
    if (isAnsweredFromMemory(one)) return at('recheck', 'must exceed cache, or it is answered from memory')
    if (claim !== undefined) return at('claim', 'give url, or claim and equals: each in an entry of its own')
    return equals ? at('equals', 'give url, or claim and equals: each in an entry of its own') : []
  }
  const stray = OF_SERVICE.find((key) => one[key] !== undefined)
  if (stray !== undefined) return at(stray, 'is of a service: give url')
  if (claim === undefined) return [{ path: [index], message: 'expected claim and equals, or url' }]
  if (!equals) return at('equals', 'missing: expected param:NAME or query:NAME')
  const isUnknown = equals.kind === 'param' && !params.includes(equals.name)
  return isUnknown ? at('equals', `the path of the route has no :${equals.name}`) : []
}
