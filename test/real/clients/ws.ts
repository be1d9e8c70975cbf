/** The client of the `ws` library. */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Client, CloseSeen, EchoOptions, OpenOptions } from './client.ts'

export function wsClient(): Client {
  const sockets = new Map<string, WebSocket>()
  const socketOf = (id: string) => {
    const socket = sockets.get(id)
    if (!socket) throw new Error(`no connection ${id}`)
    return socket
  }
  const answerOf = async (socket: WebSocket) => {
    // The event has two arguments.
    const [data, isBinary] = (await once(socket, 'message')) as [Buffer, boolean]
    return { data, isBinary }
  }
  return {
    name: 'ws',
    can: { fragment: true, ping: true, refuseCompression: true },
    open: async (options) => {
      const socket = await dial(options)
      sockets.set(options.id, socket)
      return { protocol: socket.protocol, extensions: socket.extensions }
    },
    echo: async (options) => {
      const socket = socketOf(options.id)
      const payload = payloadOf(options)
      const answer = answerOf(socket)
      for (const [index, part] of slices(payload, options.parts).entries()) {
        socket.send(part, { binary: options.kind === 'binary', fin: index === options.parts - 1 })
      }
      const { data, isBinary } = await answer
      return data.equals(payload) && isBinary === (options.kind === 'binary') ? 'same' : 'different'
    },
    say: async ({ id, text }) => {
      const answer = answerOf(socketOf(id))
      socketOf(id).send(text)
      return (await answer).data.toString()
    },
    ping: async ({ id }) => {
      const answer = once(socketOf(id), 'pong')
      socketOf(id).ping('are you there')
      const [payload] = await answer
      return String(payload) === 'are you there' ? 'pong' : `pong with ${payload}`
    },
    close: async ({ id, code, reason }) => {
      const end = endOf(socketOf(id))
      socketOf(id).close(code, reason)
      return await end
    },
    told: async ({ id, text }) => {
      const end = endOf(socketOf(id))
      socketOf(id).send(text)
      return await end
    },
    stop: async () => {
      for (const socket of sockets.values()) socket.terminate()
    },
  }
}

async function dial({ url, protocols, compress }: OpenOptions): Promise<WebSocket> {
  const socket = new WebSocket(url, [...protocols], { perMessageDeflate: compress, maxPayload: 0 })
  await once(socket, 'open')
  socket.on('error', () => {})
  return socket
}

async function endOf(socket: WebSocket): Promise<CloseSeen> {
  const [code, reason] = await once(socket, 'close')
  return { code, reason: String(reason) }
}

function payloadOf({ kind, size }: EchoOptions): Buffer {
  if (kind === 'text') return Buffer.from('Grüße '.repeat(size / 6 + 1).slice(0, size))
  return Buffer.from(Uint8Array.from({ length: size }, (_, index) => index % 251))
}

/** Text may be cut within a character: fragments are bytes. */
function slices(payload: Buffer, parts: number): Buffer[] {
  const step = Math.ceil(payload.length / parts)
  return Array.from({ length: parts }, (_, index) => payload.subarray(index * step, (index + 1) * step))
}
