/** Where a backend is. */
export interface Upstream {
  /** As it is written in the configuration; for logs and metrics. */
  readonly label: string
  readonly protocol: 'http:' | 'https:'
  readonly host: string
  readonly port: number
  /** Set for a unix socket, where host and port mean nothing. */
  readonly socketPath?: string
}

const EXPECTED = 'expected http://host:port, https://host:port or unix:/path'

/** Parses an upstream setting. Throws an Error that says what was expected. */
export function parseUpstream(text: string): Upstream {
  if (text.startsWith('unix:/')) {
    return { label: text, protocol: 'http:', host: 'localhost', port: 80, socketPath: text.slice('unix:'.length) }
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'ws:' || url?.protocol === 'wss:') {
    throw new Error(`${EXPECTED}; write ${url.protocol === 'ws:' ? 'http' : 'https'}: in place of ${url.protocol}`)
  }
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') throw new Error(EXPECTED)
  if (url.username || url.password) throw new Error(`${EXPECTED}, without a user or password`)
  if (url.pathname !== '/' || url.search || url.hash) {
    throw new Error(`${EXPECTED}, without a path: the path of a request passes as it came`)
  }
  const { protocol } = url
  const port = Number(url.port || (protocol === 'https:' ? 443 : 80))
  return { label: text, protocol, host: url.hostname.replace(/^\[|\]$/g, ''), port }
}
