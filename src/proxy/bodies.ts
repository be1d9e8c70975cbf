/** What streams in an exchange: the request's body toward the backend, the answer toward the client. */
import type { ClientRequest, IncomingMessage, InformationEvent, ServerResponse } from 'node:http'
import { endToEnd, pairs, passableTrailers, valuesOf } from './headers.ts'

/** An empty write sends the header block as Latin-1, at once; `flushHeaders()` would send it as UTF-8 (trap 39). */
export const NOTHING = Buffer.alloc(0)

/**
 * Streams the request's body and trailers.
 * @param removed names of the configured identity headers, lower-case
 */
export function passBody(request: IncomingMessage, outgoing: ClientRequest, removed: readonly string[]): void {
  request.once('end', () => {
    if (outgoing.destroyed) return
    if (request.rawTrailers.length > 0) outgoing.addTrailers(passableTrailers(request.rawTrailers, removed))
    outgoing.end()
  })
  request.pipe(outgoing, { end: false })
}

/**
 * Passes 100, 102, 103 … on to a client that knows them, header bytes as they came. They are dropped for one that does
 * not read: nothing else would stop a backend that sends them for ever.
 */
export function passInformation(
  response: ServerResponse,
  information: Pick<InformationEvent, 'statusCode' | 'statusMessage' | 'rawHeaders'>,
): void {
  const { socket } = response
  if (response.headersSent || response.req.httpVersion !== '1.1' || !socket || socket.writableNeedDrain) return
  if (information.statusCode === 100) {
    response.writeContinue()
    return
  }
  const lines = [...pairs(endToEnd(information.rawHeaders))].map(([name, value]) => `${name}: ${value}\r\n`)
  // writeEarlyHints() knows 103 only, and re-cases. Nothing of the answer is under way: requests are served in turn.
  socket.write(`HTTP/1.1 ${information.statusCode} ${information.statusMessage}\r\n${lines.join('')}\r\n`, 'latin1')
}

/** Passes the answer's head at once and streams the rest. Throws where node:http finds the head impossible. */
export function passAnswer(incoming: IncomingMessage, response: ServerResponse): void {
  const { statusCode = 0, statusMessage = '' } = incoming
  response.sendDate = false
  response.writeHead(statusCode, statusMessage, answerHead(incoming, response))
  response.write(NOTHING)
  incoming.once('end', () => {
    if (incoming.rawTrailers.length > 0) response.addTrailers(passableTrailers(incoming.rawTrailers, []))
    response.end()
  })
  incoming.pipe(response, { end: false })
}

function answerHead(incoming: IncomingMessage, response: ServerResponse): string[] {
  const headers = endToEnd(incoming.rawHeaders)
  const coding = incoming.headers['transfer-encoding']
  if (coding === undefined) return headers
  if (!/^(?:chunked|identity)$/i.test(coding))
    throw new Error(`the body is encoded as ${coding}, which nobody asked for`)
  if (canBeChunked(incoming, response)) {
    const trailers = valuesOf(incoming.rawHeaders, 'trailer')
    headers.push('Transfer-Encoding', 'chunked', ...trailers.flatMap((names) => ['Trailer', names]))
  }
  return headers
}

/** Answers 204 and 304 have no body, not even an empty one in chunks; HTTP/1.0 knows no chunks. */
function canBeChunked(incoming: IncomingMessage, response: ServerResponse): boolean {
  return response.req.httpVersion === '1.1' && incoming.statusCode !== 204 && incoming.statusCode !== 304
}
