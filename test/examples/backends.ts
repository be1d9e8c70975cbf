/** Backends of the examples. */
import { once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import type { TestContext } from 'node:test'
import { WebSocketServer } from 'ws'
import { portOf } from '../support/raw.ts'

/** What a backend was told of a client. */
interface Seen {
  readonly url: string
  readonly user: string | null
}

/**
 * A backend of `ws` that says first whom it was told it has before it, as JSON of `Seen`, and then echoes. Ordinary HTTP is
 * answered with `hello`. Returns its address as a setting; it is gone when the test ends.
 */
export async function tellingBackend(t: TestContext): Promise<string> {
  const server = createServer((_, response) => response.end('hello'))
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket, { url = '', headers }) => {
    const user = headers['x-auth-user']
    socket.send(JSON.stringify({ url, user: user === undefined ? null : String(user) } satisfies Seen))
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  t.after(() => {
    for (const client of sockets.clients) client.terminate()
  })
  return listening(t, server)
}

/** Lets a server listen on a free port of loopback until the test ends; its address as a setting. */
export async function listening(t: TestContext, server: HttpServer): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${portOf(server)}`
}
