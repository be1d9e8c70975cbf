/** Authorization services of a test, good and hostile, on ports of loopback. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTcp, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { createAsker } from '../../src/authorization/ask.ts'
import { parseService } from '../../src/authorization/service.ts'
import { portOf } from '../support/raw.ts'

/** A service that answers as `listener` does. */
export async function httpService(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${portOf(server)}/authorize`
}

/** A service that does to each connection what it likes. */
export async function rawService(t: TestContext, onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createTcp((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${portOf(server)}/authorize`
}

/** Asks a service once, or as often as is wanted. */
export function asking(t: TestContext, url: string, timeoutMs = 5000) {
  const asker = createAsker()
  t.after(() => asker.close())
  const service = parseService(url)
  return { asker, ask: (...headers: string[]) => asker.ask({ service, headers, timeoutMs }) }
}
