/** The head of the request to a backend: framing as the client sent it, whatever node:http would make of the method. */
import type { IncomingMessage } from 'node:http'
import type { Upstream } from '../net/upstream.ts'
import { filtered, valuesOf } from './headers.ts'

/** Methods for which node:http adds no framing of its own; to a POST without a body it would add a chunked one. */
const UNFRAMED = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE'])

/** Whether a body follows a request's head (RFC 9112 section 6). */
export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length']
  return isChunked(request) || (length !== undefined && Number(length) !== 0)
}

/** The headers for `http.request`; `mustContinue`: the client's 100 Continue is ours to send. */
export interface RequestHead {
  readonly headers: string[]
  readonly mustContinue: boolean
}

/** Adds to end-to-end headers what this one connection needs: framing, and a Host for an HTTP/1.0 client. */
export function requestHead(request: IncomingMessage, endToEnd: readonly string[], upstream: Upstream): RequestHead {
  // node:http sends a head with Expect as UTF-8 (trap 39): then we answer the Expect ourselves.
  const isGarbled = request.headers.expect !== undefined && endToEnd.some((text) => /[\x80-\xff]/.test(text))
  const headers = isGarbled ? filtered(endToEnd, (name) => name !== 'expect') : [...endToEnd]
  if (request.headers.host === undefined) headers.unshift('Host', authority(upstream))
  const trailers = valuesOf(request.rawHeaders, 'trailer')
  // Said aloud for every method: a chunked DELETE passed on without it smuggles its body (CVE-2026-29057).
  if (isChunked(request))
    headers.push('Transfer-Encoding', 'chunked', ...trailers.flatMap((names) => ['Trailer', names]))
  else if (request.headers['content-length'] === undefined && !UNFRAMED.has(request.method ?? '')) {
    headers.push('Content-Length', '0')
  }
  return { headers, mustContinue: isGarbled && /^100-continue$/i.test(request.headers.expect ?? '') }
}

function isChunked(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined
}

function authority({ host, port }: Upstream): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
