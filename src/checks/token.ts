/** Who the client is: a signed token (RFC 7519), found where `from` says, verified with keys of our own. */
import { z } from 'zod'
import { andThen } from '../policy/soon.ts'
import { pass } from '../policy/verdict.ts'
import { bool } from '../settings/boolean.ts'
import { duration } from '../settings/duration.ts'
import { file, fileOrUrl, parsedFile } from '../settings/file.ts'
import { filledList, list } from '../settings/list.ts'
import { size } from '../settings/size.ts'
import { text } from '../settings/text.ts'
import { ALGORITHM_NAMES } from '../tokens/algorithms.ts'
import { findTicket, TICKET_SOURCES } from '../tokens/find-ticket.ts'
import { findToken } from '../tokens/find-token.ts'
import { readRevocationFile } from '../tokens/revocation-file.ts'
import { defineCheck, type SettingProblem, section } from './define.ts'
import { firstMessage, firstMessageProblems, firstMessageSection } from './first-message.ts'
import { refresh, refreshProblems, refreshSection } from './refresh.ts'
import { revocation } from './revocation.ts'
import { tokenJudge } from './token-judge.ts'
import { keyProblems } from './token-keys.ts'
import { isOfHandshake, missing, tokenSource } from './token-sources.ts'

const algorithm = () =>
  z.enum(ALGORITHM_NAMES, {
    error: ({ input }) => (/^none$/i.test(String(input)) ? '"none" means an unsigned token: remove it' : undefined),
  })

const settings = section({
  from: filledList(tokenSource()).prefault(['query:token']).meta({
    doc: 'Where the token may stand; the first that is present is it: `query:NAME`, `header:NAME`, `cookie:NAME`, `protocol:bearer` (the item after `bearer`), `protocol:PREFIX.*`; where none of these is, `message:PATH`: a field of the first message, which is JSON, such as `message:payload.authorization` (a number is a place in a list; a dot in a name is written `\\.`).',
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
  revocations: parsedFile(16 * 2 ** 20, readRevocationFile)
    .optional()
    .meta({
      doc: 'Tokens that are good no longer: a file of lines, each a `jti` or JSON `{ "jti" | "user" | "issuedBefore", "until", "refreshed" }`, or one JSON array of those. Re-read on change.',
    }),
  firstMessage: firstMessageSection().optional().meta({
    doc: 'With a `message:` source: how long and for how many clients wsluice waits. It answers their handshake itself; the backend hears of them when their token was verified, and gets the message then.',
  }),
  refresh: refreshSection().optional().meta({
    doc: 'A message that carries a newer token of the same user: an open connection then ends with that one. Such messages go no further.',
  }),
  strip: bool().prefault(false).meta({ doc: '`true`: the backend never sees the token.' }),
})

type Settings = z.output<typeof settings>

export const token = defineCheck({
  key: 'token',
  place: 'route',
  doc: 'Who the client is: a signed token.',
  settings,
  reads: ({ from }, { tokens }) =>
    [...(tokens?.redeem ? TICKET_SOURCES : []), ...from.filter(isOfHandshake)].map((source) => source.text),
  problems: (given) => [
    ...keyProblems(given),
    ...stripProblems(given),
    ...firstMessageProblems(given),
    ...refreshProblems(given),
  ],
  onHandshake: ({ from, ...rules }, assembly) => {
    const { judge, redeemed } = tokenJudge(rules, assembly)
    const { redeem } = assembly.tokens ?? {}
    return (connection) => {
      const ticket = redeem && findTicket(connection)
      if (ticket) return andThen(redeem(ticket.ticket, connection.at), (found) => redeemed(ticket, found, connection))
      const shown = findToken(from, connection)
      return shown ? judge(shown, connection) : missing(from)
    }
  },
  onFirstMessage: firstMessage,
  onRefresh: refresh,
  standing: (config, { revocations }) => {
    const revoked = revocation(config, revocations)
    return ({ claims }, now) => (claims && revoked(claims, 'open', now)) ?? pass
  },
})

function stripProblems({ strip, from }: Settings): SettingProblem[] {
  if (!strip || from.every(isOfHandshake)) return []
  const message =
    'a message reaches the backend as it came, with its token: take the message sources out of from, or strip out'
  return [{ path: ['strip'], message }]
}
