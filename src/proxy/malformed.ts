/** Requests that node's strict parser lets pass and that another parser may read otherwise: refused, not repaired (trap 35). */
import type { IncomingMessage } from 'node:http'
import { valuesOf } from './headers.ts'

/** The most header lines of a request, far below the 2000 at which node drops them without a word. */
const MAX_HEADERS = 100
/** RFC 3986 section 3.2 without userinfo, and without the comma, which a joined pair of Host lines would hold. */
const HOST = /^[A-Za-z0-9\-._~%!$&'()*+;=:[\]]*$/

/** The status of the refusal and what is wrong, for the client and for the log. */
export interface Malformed {
  readonly status: 400 | 431 | 505
  readonly text: string
}

/** What is wrong with a request's head; undefined where it has one meaning only. */
export function malformed(request: Pick<IncomingMessage, 'rawHeaders' | 'httpVersion'>): Malformed | undefined {
  const { rawHeaders, httpVersion } = request
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return { status: 505, text: 'HTTP version not supported' }
  if (rawHeaders.length > 2 * MAX_HEADERS) return { status: 431, text: 'Too many headers' }
  const hosts = valuesOf(rawHeaders, 'host')
  if (hosts.length > 1) return { status: 400, text: 'More than one Host' }
  if (hosts.length === 0 && httpVersion === '1.1') return { status: 400, text: 'No Host' }
  if (hosts.some((host) => !HOST.test(host))) return { status: 400, text: 'Bad Host' }
  return malformedFraming(rawHeaders, httpVersion)
}

/** A body's length has one source: one Content-Length, or `chunked` alone, which HTTP/1.0 does not know. */
function malformedFraming(raw: readonly string[], httpVersion: string): Malformed | undefined {
  const codings = valuesOf(raw, 'transfer-encoding')
  const lengths = valuesOf(raw, 'content-length')
  if (lengths.length > 1 || lengths.some((length) => !/^\d+$/.test(length)))
    return { status: 400, text: 'Bad Content-Length' }
  if (codings.length === 0) return undefined
  const isChunked = codings.join().toLowerCase() === 'chunked'
  if (isChunked && lengths.length === 0 && httpVersion === '1.1') return undefined
  return { status: 400, text: 'Bad Transfer-Encoding' }
}
