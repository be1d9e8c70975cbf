/** A WebSocket backend that echoes, and clients of the proxy in front of it. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { TestContext } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { portOf } from './raw.ts'

export interface Echo {
  /** Its address as a setting: `http://127.0.0.1:PORT`. */
  readonly upstream: string
  /** How many upgrades it has seen. */
  readonly upgrades: () => number
}

/** Starts it; gone when the test ends. Ordinary requests are answered with `hello`. */
export async function echoBackend(t: TestContext): Promise<Echo> {
  const server = createServer((_, response) => response.end('hello'))
  const sockets = new WebSocketServer({ server })
  let upgrades = 0
  sockets.on('connection', (socket) => {
    upgrades++
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const client of sockets.clients) client.terminate()
    server.closeAllConnections()
    server.close()
  })
  return { upstream: `http://127.0.0.1:${portOf(server)}`, upgrades: () => upgrades }
}

export interface Client {
  /** Resolves with what comes back; rejects where the connection ends first. */
  readonly echo: (text: string) => Promise<string>
  readonly close: () => void
  /** The close code and reason, once it has ended. */
  readonly ended: Promise<{ code: number; reason: string }>
}

/** Connects to `host:port/path`; the connection ends with the test. Rejects where the handshake is not answered with 101. */
export async function client(t: TestContext, place: string, headers: Record<string, string> = {}): Promise<Client> {
  const socket = new WebSocket(`ws://${place}`, { headers })
  t.after(() => socket.terminate())
  const ended = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }))
  })
  await once(socket, 'open')
  return {
    echo: async (text) => {
      const answer = once(socket, 'message').then(([data]) => String(data))
      socket.send(text)
      const early = ended.then(({ code, reason }) => {
        throw new Error(`closed with ${code} ${reason} before an answer`)
      })
      return await Promise.race([answer, early])
    },
    close: () => socket.close(),
    ended,
  }
}
