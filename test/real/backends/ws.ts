/** A backend made of the `ws` library. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { type Backend, createEnds } from './backend.ts'

/** @param compression whether permessage-deflate is accepted */
export async function wsBackend(compression: 'on' | 'off'): Promise<Backend> {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: compression === 'on',
    handleProtocols: (offered) => offered.has('chat.v2') && 'chat.v2',
  })
  await once(server, 'listening')
  const ends = createEnds()
  server.on('connection', (socket, request) => {
    const name = new URLSearchParams(request.url?.split('?')[1]).get('name') ?? ''
    socket.on('message', (data, isBinary) => answer(socket, data, isBinary))
    socket.on('error', () => {})
    socket.once('close', (code, reason) => ends.add({ name, code, reason: reason.toString() }))
  })
  return {
    name: 'ws',
    // A server on a TCP port has an address that is no string.
    port: (server.address() as AddressInfo).port,
    pings: true,
    endOf: ends.endOf,
    stop: async () => {
      for (const socket of server.clients) socket.terminate()
      server.close()
      await once(server, 'close')
    },
  }
}

function answer(socket: WebSocket, data: RawData, isBinary: boolean): void {
  const text = isBinary ? '' : data.toString()
  if (text === 'ping') {
    socket.once('pong', (payload) => socket.send(payload.toString() === 'from the backend' ? 'ponged' : 'wrong pong'))
    return socket.ping('from the backend')
  }
  if (!text.startsWith('close ')) return socket.send(data, { binary: isBinary })
  const [, code, reason] = /^close (\d+) (.*)$/.exec(text) ?? []
  socket.close(Number(code), reason)
}
