/** Names of the contract that this version does not serve: refused at startup, so that none is a silent no-op. */

/** Settings, by their path without indexes. What stands below one is refused with it. */
const SETTINGS: ReadonlySet<string> = new Set([
  'workers',
  'forwardedHeader',
  'proxyProtocol',
  'ipv6Prefix',
  'store',
  'storeFile',
  'maxTrackedKeys',
  'cors',
  ...['limits', 'routes.limits'].flatMap((limits) => [
    `${limits}.handshakes`,
    `${limits}.bytes`,
    ...['perUser', 'perIp', 'total', 'onExceed'].map((name) => `${limits}.messages.${name}`),
  ]),
  ...['url', 'timeout', 'cache'].map((name) => `routes.authorize.${name}`),
  'routes.messages',
  'routes.session',
])

const VARIABLES: ReadonlySet<string> = new Set([
  'WS_RATE_LIMIT_PER_IP',
  'WS_RATE_LIMIT_WINDOW',
  'WS_RATE_LIMIT_MAX_IPS',
  'WS_MAX_MESSAGES_PER_SECOND',
  'WS_MAX_MESSAGES_PER_MINUTE',
  'WS_PING_INTERVAL_SECONDS',
  'WS_PONG_TIMEOUT_SECONDS',
  'WS_WORKERS',
  'WS_STORE',
  'WS_STORE_FILE',
  'WS_FORWARDED_HEADER',
  'WS_PROXY_PROTOCOL',
  'WS_IPV6_PREFIX',
  'WS_MAX_TRACKED_KEYS',
  'WS_CORS',
])

export const NOT_YET = 'not available in this version'

/** Whether a setting of the contract is not served yet. */
export const isSettingNotYet = (path: readonly (string | number)[]) =>
  SETTINGS.has(path.filter((key) => typeof key === 'string').join('.'))

/** Whether a variable of the contract is not served yet. */
export const isVariableNotYet = (name: string) => VARIABLES.has(name)
