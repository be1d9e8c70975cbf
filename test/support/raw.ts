/** A TCP client and server that say exactly the bytes a test gives them (Latin-1). */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

export interface RawClient {
  readonly socket: Socket
  /** Everything received so far. */
  readonly received: () => string
  readonly send: (text: string) => void
  /** Resolves with everything received as soon as `pattern` is in it; rejects where the connection ends before. */
  readonly until: (pattern: string | RegExp) => Promise<string>
  /** Resolves with everything received when the connection has ended. */
  readonly ended: Promise<string>
}

/** Connects to a port of 127.0.0.1; the socket stays open until the test ends, though the server has said all. */
export async function rawClient(t: TestContext, port: number): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  return listenTo(socket)
}

/** Sends a text and resolves with all that came back until the connection ended. */
export async function exchange(t: TestContext, port: number, text: string): Promise<string> {
  const client = await rawClient(t, port)
  client.send(text)
  return client.ended
}

/** Wraps a connected socket. */
export function listenTo(socket: Socket): RawClient {
  let text = ''
  let hasEnded = false
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const check of [...waiting]) check()
  }
  socket.setEncoding('latin1')
  // With an encoding set the chunks are strings.
  socket.on('data', (chunk) => {
    text += String(chunk)
    wake()
  })
  socket.on('error', () => {})
  const ended = new Promise<string>((resolve) => {
    const end = () => {
      hasEnded = true
      wake()
      resolve(text)
    }
    socket.once('end', end)
    socket.once('close', end)
  })
  const until = (pattern: string | RegExp) =>
    new Promise<string>((resolve, reject) => {
      const check = () => {
        const isThere = typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text)
        if (!isThere && !hasEnded) return
        waiting.delete(check)
        if (isThere) resolve(text)
        else reject(new Error(`ended without ${pattern}: ${JSON.stringify(text)}`))
      }
      waiting.add(check)
      check()
    })
  return { socket, received: () => text, send: (bytes) => socket.write(bytes, 'latin1'), until, ended }
}

export interface RawServer {
  readonly port: number
  /** The connections accepted so far, in order. */
  readonly connections: RawClient[]
  /** Resolves with the connection of that index once it is there. */
  readonly connection: (index: number) => Promise<RawClient>
}

/** Listens on 127.0.0.1; server and connections are closed when the test ends. */
export async function rawServer(t: TestContext): Promise<RawServer> {
  const connections: RawClient[] = []
  const server: Server = createServer((socket) => {
    connections.push(listenTo(socket))
    server.emit('accepted')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const { socket } of connections) socket.destroy()
    server.close()
  })
  const connection = async (index: number) => {
    let found = connections[index]
    while (!found) {
      await once(server, 'accepted')
      found = connections[index]
    }
    return found
  }
  return { port: portOf(server), connections, connection }
}

/** The port a TCP server listens on. */
export function portOf(server: Server): number {
  // A TCP server's address is never a string or null while it listens.
  return (server.address() as AddressInfo).port
}
