/**
 * Why we say no: the one table. A key is also the log value, the metric label, the key of `closeCodes` and the
 * documentation anchor. Codes are RFC 6455 section 7.4 or the private range 4000–4999; texts go to the client, are
 * constant and tell nothing of the limits; `advice` goes to operators only (`wsluice explain`).
 */
const row = (code: number, text: string, http: number, advice: string) => ({ code, text, http, advice })

const TOKEN = 'Invalid or expired authentication token'

export const REASONS = {
  route_not_found: row(4404, 'Not found', 404, 'add a route whose path matches, or correct the URL'),
  bad_request: row(
    1008,
    'Bad request',
    400,
    'send a path in its plain spelling, and each parameter once, well formed and not oversized',
  ),
  origin_not_allowed: row(1008, 'Origin not allowed', 403, 'add the origin to origin.allow of the route'),
  origin_missing: row(
    1008,
    'Origin not allowed',
    403,
    'set missing: allow in origin (and domains) to admit clients that are not browsers',
  ),
  token_missing: row(4401, TOKEN, 401, 'send the token where token.from looks for it, or add its place to token.from'),
  token_invalid: row(4401, TOKEN, 401, 'check the key, algorithms, issuer, audience and requiredClaims of token'),
  token_expired: row(4401, TOKEN, 401, 'mint a new token; clockTolerance and maxAge of token bound its life'),
  token_revoked: row(4401, TOKEN, 401, 'mint a new token; or take the revocation back, see GET /api/revocations'),
  domain_not_allowed: row(
    4003,
    'Domain not allowed',
    403,
    'add the domain to the allowed_domains claim of the token, or the embedding host to domains.iframeHosts',
  ),
  access_denied: row(
    1008,
    'Access denied',
    403,
    'see authorize of the route: the claim and the requested resource differ, or its service refuses',
  ),
  resource_not_found: row(4404, 'Not found', 404, 'the authorization service knows no such resource'),
  connection_rate: row(1008, 'Too many connections', 429, 'raise limits.handshakes'),
  too_many_connections: row(1008, 'Too many connections', 429, 'raise limits.connections, or close idle connections'),
  message_rate: row(1008, 'Rate limit exceeded', 429, 'raise limits.messages'),
  byte_rate: row(1008, 'Rate limit exceeded', 429, 'raise limits.bytes'),
  control_rate: row(1008, 'Rate limit exceeded', 429, 'raise limits.controlFrames'),
  message_invalid: row(
    1007,
    'Invalid message',
    400,
    'send text as UTF-8 (validateUtf8) and what messages of the route allows; the detail says what was wrong',
  ),
  kind_not_allowed: row(1003, 'Unsupported data', 400, 'add the kind to messages.kinds'),
  message_too_big: row(1009, 'Message too big', 413, 'raise limits.frameSize, limits.messageSize or limits.fragments'),
  protocol_error: row(1002, 'Protocol error', 400, 'the sender breaks RFC 6455: see the detail'),
  session_idle: row(1001, 'Session timeout', 408, 'raise session.idle'),
  session_max_age: row(1001, 'Session timeout', 408, 'raise session.maxAge'),
  pong_timeout: row(1001, 'Session timeout', 408, 'raise session.pong'),
  slow_consumer: row(1013, 'Try again later', 503, 'raise session.slowConsumer'),
  upstream_unreachable: row(1014, 'Bad gateway', 502, 'start the backend, or correct upstream'),
  upstream_timeout: row(1014, 'Bad gateway', 504, 'the backend did not answer within handshakeTimeout'),
  overloaded: row(1013, 'Try again later', 503, 'raise the top-level limits.connections.total, or add replicas'),
  shutting_down: row(1012, 'Service restart', 503, 'reconnect: another instance takes over'),
  internal_error: row(1011, 'Internal error', 500, 'see the detail in the log'),
  token_timeout: row(
    4408,
    'Token timeout',
    408,
    'send the first message sooner, or raise token.firstMessage.timeout of the route',
  ),
  address_not_allowed: row(1008, 'Access denied', 403, 'see the address lists of the route'),
  session_replaced: row(4009, 'Replaced by a newer connection', 409, 'the same user opened a newer connection'),
  message_not_allowed: row(1008, 'Access denied', 403, 'see messages.allow of the route'),
  outbound_denied: row(1011, 'Internal error', 500, 'see outbound of the route'),
  ended_by_operator: row(1008, 'Connection ended', 403, 'an operator ended the connection'),
} as const satisfies Record<string, ReturnType<typeof row>>

/** A key of {@link REASONS}. */
export type Reason = keyof typeof REASONS

/** Every reason, in the order of the table. */
// Object.keys is typed string[]; REASONS is a constant table, so its keys are exactly Reason.
export const REASON_KEYS = Object.keys(REASONS) as Reason[]
