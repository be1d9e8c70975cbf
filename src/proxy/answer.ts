/** Our own short answers to ordinary HTTP: a status and a constant text. */

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import { acceptKey } from '../frames/accept.ts'

/** How long the rest of what a client sends is read and dropped, so that it can read our answer before the end. */
const LINGER_MS = 5_000

/** Answers with a text, or ends the connection where the head of another answer has gone out. */
export function answer(response: ServerResponse, status: number, text: string, headers: readonly string[] = []): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const body = `${text}\n`
  const own = ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(Buffer.byteLength(body))]
  response.writeHead(status, STATUS_CODES[status] ?? 'Error', [...own, ...headers])
  response.end(body)
  discard(response.req, response)
}

/** The bytes of an answer after which the connection ends. */
export function rawAnswer(status: number, text: string, headers: readonly string[] = []): Buffer {
  const body = `${text}\n`
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...headers,
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`)
}

/** Reads and drops the rest of a request that nobody reads any more; ends the connection where that takes too long. */
export function discard(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete || request.socket.destroyed) return
  // A pipe that ends by itself, later, would pause the request again.
  request.unpipe()
  request.resume()
  const { socket } = request
  const begin = () => {
    const timer = setTimeout(() => socket.destroy(), LINGER_MS)
    timer.unref()
    const stop = () => {
      clearTimeout(timer)
      socket.off('close', stop)
    }
    request.once('end', stop)
    socket.once('close', stop)
  }
  if (response.writableFinished) begin()
  else response.once('finish', begin)
}

/** A socket's error is followed by its `close`, which is where we act. */
export function ignore(): void {}

/** A 101 of our own. @param protocol the subprotocol chosen, if one is */
export function switchingAnswer(key: string, protocol: string | undefined): Buffer {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptKey(key)}`,
    ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}
