/** Who the client is: a signed token (RFC 7519), found where `from` says, verified with keys of our own. */
import { z } from 'zod'
import type { Connection, Learned } from '../policy/connection.ts'
import { pass, passed, refuse, type Verdict } from '../policy/verdict.ts'
import { bool } from '../settings/boolean.ts'
import { duration } from '../settings/duration.ts'
import { file, fileOrUrl, parsedFile } from '../settings/file.ts'
import { filledList, list } from '../settings/list.ts'
import { parsed } from '../settings/parsed.ts'
import { size } from '../settings/size.ts'
import { text } from '../settings/text.ts'
import { ALGORITHM_NAMES } from '../tokens/algorithms.ts'
import { type ClaimRules, type Claims, expiresAt, inexactClaim, isInexact, judgeClaims } from '../tokens/claims.ts'
import { findTicket, TICKET_SOURCES } from '../tokens/find-ticket.ts'
import { findToken } from '../tokens/find-token.ts'
import { fingerprint } from '../tokens/fingerprint.ts'
import { compileKeys } from '../tokens/keys.ts'
import { RevocationFile } from '../tokens/revocation-file.ts'
import { parseTokenSource, TOKEN_KINDS } from '../tokens/sources.ts'
import type { TicketedToken } from '../tokens/tickets.ts'
import { createVerifier, type TokenVerdict } from '../tokens/verify.ts'
import { type Assembly, defineCheck, section } from './define.ts'
import { revocation, userOf } from './revocation.ts'
import { keyConfig, keyProblems } from './token-keys.ts'
import { meantKind } from './value.ts'

const tokenSource = () =>
  parsed(text(), (value) => {
    const meant = meantKind(value.split(':', 1)[0] ?? '', TOKEN_KINDS)
    if (meant !== '') throw new Error(`expected a source${meant}`)
    return parseTokenSource(value)
  })

const algorithm = () =>
  z.enum(ALGORITHM_NAMES, {
    error: ({ input }) => (/^none$/i.test(String(input)) ? '"none" means an unsigned token: remove it' : undefined),
  })

const settings = section({
  from: filledList(tokenSource()).prefault(['query:token']).meta({
    doc: 'Where the token may stand; the first that is present is it: `query:NAME`, `header:NAME`, `cookie:NAME`, `protocol:bearer` (the item after `bearer`), `protocol:PREFIX.*`.',
    env: 'WS_TOKEN_FROM',
    turnsOn: true,
  }),
  secret: text().optional().meta({ doc: 'HMAC secret.', env: 'WS_TOKEN_SECRET', secret: true, turnsOn: true }),
  secrets: z
    .array(text())
    .min(1, 'expected at least one secret')
    .optional()
    .meta({ doc: 'Several HMAC secrets, all accepted: for rotation.', secret: true }),
  publicKey: file()
    .optional()
    .meta({ doc: 'Public key: a PEM or JWK file.', env: 'WS_TOKEN_PUBLIC_KEY', turnsOn: true }),
  jwks: fileOrUrl().optional().meta({ doc: 'Key set: a JWKS file or URL.', env: 'WS_TOKEN_JWKS', turnsOn: true }),
  algorithms: filledList(algorithm())
    .optional()
    .meta({ doc: "Algorithms accepted. Default: HS256, or the key's own.", env: 'WS_TOKEN_ALGORITHMS', turnsOn: true }),
  issuer: filledList(text()).optional().meta({ doc: 'Accepted `iss`.', env: 'WS_TOKEN_ISSUER', turnsOn: true }),
  audience: filledList(text()).optional().meta({ doc: 'Accepted `aud`.', env: 'WS_TOKEN_AUDIENCE', turnsOn: true }),
  clockTolerance: duration().prefault('0s').meta({ doc: 'How far clocks may differ.' }),
  maxAge: duration().optional().meta({ doc: 'Longest time since `iat`.' }),
  maxLength: size().prefault('8KiB').meta({ doc: 'Longest token.' }),
  requiredClaims: list(text()).prefault(['exp']).meta({ doc: 'Claims a token must have.' }),
  user: text().prefault('sub').meta({ doc: 'The claim that names the user.', env: 'WS_TOKEN_USER', turnsOn: true }),
  expiry: z
    .enum(['enforce', 'ignore'])
    .prefault('enforce')
    .meta({ doc: '`ignore`: an expired token still proves its claims (its signature is always verified).' }),
  closeOnExpiry: bool().prefault(true).meta({ doc: 'An open connection ends when its token does.' }),
  revocations: parsedFile(16 * 2 ** 20, (content) => new RevocationFile(content))
    .optional()
    .meta({
      doc: 'Tokens that are good no longer: a file of lines, each a `jti` or JSON `{ "jti" | "user" | "issuedBefore", "until", "refreshed" }`, or one JSON array of those. Re-read on change.',
    }),
  strip: bool().prefault(false).meta({ doc: '`true`: the backend never sees the token.' }),
})

type Settings = z.output<typeof settings>

export const token = defineCheck({
  key: 'token',
  place: 'route',
  doc: 'Who the client is: a signed token.',
  settings,
  reads: ({ from }, { tokens }) => [...(tokens?.redeem ? TICKET_SOURCES : []), ...from].map((source) => source.text),
  problems: keyProblems,
  onHandshake: (config, assembly) => {
    const rules = claimRules(config)
    const verifier = createVerifier({ keys: compileKeys(keyConfig(config, assembly.keySet)), rules })
    const judge = judging(config, rules, assembly)
    const { redeem } = assembly.tokens ?? {}
    return (connection) => {
      const shown = redeem && findTicket(connection)
      if (shown) return settle(redeem(shown.ticket, connection.at), redeemed(shown, judge, rules, connection))
      const found = findToken(config.from, connection)
      if (!found) return refuse('token_missing', `no token in ${config.from.map((source) => source.text).join(', ')}`)
      const facts = { token: { source: found.source.text, ...fingerprint(found.token) } }
      if (found.token.length > config.maxLength) {
        return refuse('token_invalid', `a token of ${found.token.length} bytes, maxLength ${config.maxLength}`, facts)
      }
      return settle(verifier.verify(found.token, connection.at), (verdict) => judge(verdict, facts, connection))
    }
  },
  standing: (config, { revocations }) => {
    const revoked = revocation(config, revocations)
    return ({ claims }, now) => (claims && revoked(claims, 'open', now)) ?? pass
  },
})

const REASON = { invalid: 'token_invalid', expired: 'token_expired', unavailable: 'internal_error' } as const

/** Facts of a token that a refusal may tell too. */
type Facts = Pick<Learned, 'token' | 'payload'>
type Judge = (verdict: TokenVerdict, facts: Facts, connection: Connection) => Verdict

/** What follows of a verified token, or of one that could not be. */
function judging(config: Settings, rules: ClaimRules, assembly: Assembly): Judge {
  const revoked = revocation(config, assembly.revocations, assembly.longestTolerance)
  return (verdict, { payload, ...facts }, { at }) => {
    if (!verdict.ok) return refuse(REASON[verdict.problem], verdict.detail, facts)
    const { claims } = verdict
    if (isInexact(claims[config.user])) return refuse('token_invalid', inexactClaim(config.user), facts)
    const refusal = revoked(claims, 'newcomer', at)
    if (refusal) return { ...refusal, learned: facts }
    const user = userOf(claims[config.user])
    const end = config.closeOnExpiry ? expiresAt(claims, rules) : undefined
    const learned = {
      ...facts,
      claims,
      ...(payload === undefined ? {} : { payload }),
      ...(user === undefined ? {} : { user }),
      ...(end === undefined ? {} : { expiresAt: end }),
    }
    return passed(`${facts.token?.source} is valid${user === undefined ? '' : `, user ${user}`}`, learned)
  }
}

/** What a ticket comes to: the token that it stands for is judged as if it were shown now, but for its signature. */
const redeemed =
  ({ source, ticket }: { source: string; ticket: string }, judge: Judge, rules: ClaimRules, connection: Connection) =>
  (found: TicketedToken | undefined): Verdict => {
    if (!found) {
      const facts = { token: { source, ...fingerprint(ticket), preview: '' } }
      return refuse('token_invalid', 'the ticket is unknown, used or expired', facts)
    }
    // Signed, and read once before: it is an object.
    const claims = JSON.parse(Buffer.from(found.payload, 'base64url').toString('utf8')) as Claims
    const verdict = judgeClaims(claims, rules, connection.at)
    const facts = { token: { source, ...found.fingerprint }, payload: found.payload }
    return judge(verdict.ok ? { ok: true, claims } : verdict, facts, connection)
  }

/** Goes on with a value, at once where it is there. */
const settle = <T>(value: T | Promise<T>, next: (value: T) => Verdict): Verdict | Promise<Verdict> =>
  value instanceof Promise ? value.then(next) : next(value)

const claimRules = (config: Settings): ClaimRules => ({
  issuer: config.issuer,
  audience: config.audience,
  clockToleranceMs: config.clockTolerance,
  maxAgeMs: config.maxAge,
  requiredClaims: config.requiredClaims,
  expiry: config.expiry,
})
