/** Who the client is: a signed token (RFC 7519), found where `from` says, verified with keys of our own. */
import { z } from 'zod'
import { passed, refuse } from '../policy/verdict.ts'
import { bool } from '../settings/boolean.ts'
import { duration } from '../settings/duration.ts'
import { file, fileOrUrl } from '../settings/file.ts'
import { filledList, list } from '../settings/list.ts'
import { parsed } from '../settings/parsed.ts'
import { size } from '../settings/size.ts'
import { text } from '../settings/text.ts'
import { ALGORITHM_NAMES } from '../tokens/algorithms.ts'
import { expiresAt, inexactClaim, isInexact } from '../tokens/claims.ts'
import { findToken } from '../tokens/find-token.ts'
import { fingerprint } from '../tokens/fingerprint.ts'
import { type KeySet, staticKeySet } from '../tokens/key-set.ts'
import { compileKeys, type KeyConfig } from '../tokens/keys.ts'
import { remoteKeySet } from '../tokens/remote-key-set.ts'
import { parseTokenSource, TOKEN_KINDS } from '../tokens/sources.ts'
import { createVerifier, type TokenVerdict } from '../tokens/verify.ts'
import { defineCheck, type SettingProblem, section } from './define.ts'
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
  strip: bool().prefault(false).meta({ doc: '`true`: the backend never sees the token.' }),
})

type Settings = z.output<typeof settings>

export const token = defineCheck({
  key: 'token',
  place: 'route',
  doc: 'Who the client is: a signed token.',
  settings,
  reads: ({ from }) => from.map((source) => source.text),
  problems: keyProblems,
  onHandshake: (config, { keySet }) => {
    const rules = claimRules(config)
    const verifier = createVerifier({ keys: compileKeys(keyConfig(config, keySet)), rules })
    return (connection) => {
      const found = findToken(config.from, connection)
      if (!found) return refuse('token_missing', `no token in ${config.from.map((source) => source.text).join(', ')}`)
      const facts = { token: { source: found.source.text, ...fingerprint(found.token) } }
      if (found.token.length > config.maxLength) {
        return refuse('token_invalid', `a token of ${found.token.length} bytes, maxLength ${config.maxLength}`, facts)
      }
      const conclude = (verdict: TokenVerdict) => {
        if (!verdict.ok) return refuse(REASON[verdict.problem], verdict.detail, facts)
        const { claims } = verdict
        if (isInexact(claims[config.user])) return refuse('token_invalid', inexactClaim(config.user), facts)
        const user = userOf(claims[config.user])
        const end = config.closeOnExpiry ? expiresAt(claims, rules) : undefined
        const learned = {
          ...facts,
          claims,
          ...(user === undefined ? {} : { user }),
          ...(end === undefined ? {} : { expiresAt: end }),
        }
        return passed(`${found.source.text} is valid${user === undefined ? '' : `, user ${user}`}`, learned)
      }
      const verdict = verifier.verify(found.token, connection.at)
      return verdict instanceof Promise ? verdict.then(conclude) : conclude(verdict)
    }
  },
})

const REASON = { invalid: 'token_invalid', expired: 'token_expired', unavailable: 'internal_error' } as const

const claimRules = (config: Settings) => ({
  issuer: config.issuer,
  audience: config.audience,
  clockToleranceMs: config.clockTolerance,
  maxAgeMs: config.maxAge,
  requiredClaims: config.requiredClaims,
  expiry: config.expiry,
})

const userOf = (claim: unknown): string | undefined =>
  typeof claim === 'string' || typeof claim === 'number' ? String(claim) : undefined

type KeySettings = Pick<Settings, 'secret' | 'secrets' | 'publicKey' | 'jwks' | 'algorithms'>

function keyConfig(config: KeySettings, keySet: (url: string) => KeySet): KeyConfig {
  const secrets = config.secrets ?? (config.secret === undefined ? undefined : [config.secret])
  const jwks = typeof config.jwks === 'string' ? keySet(config.jwks) : config.jwks && staticKeySet(config.jwks.text)
  return { secrets, publicKey: config.publicKey?.text, jwks, algorithms: config.algorithms }
}

function keyProblems(config: Settings): SettingProblem[] {
  const { secret, secrets, publicKey, jwks, algorithms } = config
  if (secret !== undefined && secrets) return [{ path: ['secrets'], message: 'give secret or secrets, not both' }]
  if ((secret ?? secrets ?? publicKey ?? jwks) === undefined)
    return [{ path: [], message: 'expected a key: secret, secretFile, secrets, publicKey or jwks' }]
  try {
    compileKeys(keyConfig({ secret, secrets, publicKey, jwks, algorithms }, unfetched))
    return []
  } catch (error) {
    return [unusable(error)]
  }
}

/** A key set that is only looked at: making one fetches nothing, and checks the URL. */
const unfetched = (url: string): KeySet =>
  remoteKeySet({ url, fetch: globalThis.fetch, now: () => 0, onEvent: () => {} })

/** Messages of `tokens/` begin with the setting's name. */
function unusable(error: unknown): SettingProblem {
  const message = error instanceof Error ? error.message : 'the keys are not usable'
  const name = Object.keys(settings.shape).find((key) => message.startsWith(`${key}: `))
  return name === undefined ? { path: [], message } : { path: [name], message: message.slice(name.length + 2) }
}
