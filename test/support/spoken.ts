/** A conversation through the proxy: a backend that records what it hears, a route in front of it, and clients. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { TestContext } from 'node:test'
import { type PerMessageDeflateOptions, WebSocket, WebSocketServer } from 'ws'
import { startTestProxy, type TestProxyOptions } from './proxy.ts'
import { portOf } from './raw.ts'

/** Compresses everything, with what came before where that is agreed on. */
export const DEFLATE = { threshold: 0 } as const

export interface Spoken {
  readonly upstream: string
  /** What it received. */
  readonly received: string[]
  /** Its side of each connection. */
  readonly sockets: WebSocket[]
  readonly extensions: string[]
}

export async function hearing(
  t: TestContext,
  perMessageDeflate: boolean | PerMessageDeflateOptions = DEFLATE,
): Promise<Spoken> {
  const server = createServer()
  const received: string[] = []
  const sockets: WebSocket[] = []
  const extensions: string[] = []
  new WebSocketServer({ server, perMessageDeflate }).on('connection', (socket, request) => {
    sockets.push(socket)
    extensions.push(String(request.headers['sec-websocket-extensions'] ?? ''))
    socket.on('message', (data) => received.push(String(data)))
    socket.on('error', (error) => received.push(`error ${error.message}`))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.terminate()
    server.close()
  })
  return { upstream: `http://127.0.0.1:${portOf(server)}`, received, sockets, extensions }
}

/** @param route a section of `routes` in YAML, without its path */
export async function proxied(
  t: TestContext,
  { upstream }: Pick<Spoken, 'upstream'>,
  route: string,
  files: TestProxyOptions['files'] = {},
) {
  const yaml = `upstream: ${upstream}\nroutes:\n  - path: /*\n${route.replace(/^/gm, '    ')}\n`
  const proxy = await startTestProxy({ yaml, files })
  t.after(() => proxy.stop())
  return proxy
}

export async function connect(
  t: TestContext,
  url: string,
  options: WebSocket.ClientOptions = { perMessageDeflate: DEFLATE },
) {
  const socket = new WebSocket(url, options)
  t.after(() => socket.terminate())
  const messages: string[] = []
  socket.on('message', (data) => messages.push(String(data)))
  socket.on('error', () => {})
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }))
  })
  await once(socket, 'open')
  return { socket, messages, closed }
}
