/** Where an authorization service is: read from the configuration once, and never made of anything a client sent. */

export interface Service {
  readonly protocol: 'http:' | 'https:'
  /** Without brackets. */
  readonly host: string
  readonly port: number
  /** For the Host header. */
  readonly authority: string
  /** Path and query. */
  readonly path: string
  /** Fit to be shown: without the query. */
  readonly shown: string
}

/** Reads an http or https URL. Throws an Error that says what was expected, and quotes nothing. */
export function parseService(text: string): Service {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new Error('expected a URL such as http://127.0.0.1:8000/internal/authorize')
  }
  if (url.username !== '' || url.password !== '') throw new Error('expected a URL without a user name or password')
  if (url.hash !== '') throw new Error('expected a URL without #')
  return {
    protocol: url.protocol,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
    authority: url.host,
    path: `${url.pathname}${url.search}`,
    shown: `${url.origin}${url.pathname}`,
  }
}
