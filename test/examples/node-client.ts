/** Node's own WebSocket: the API of a browser, and what it reads of an end. */
import type { TestContext } from 'node:test'

export interface Offer {
  readonly headers?: Readonly<Record<string, string>>
  readonly protocols?: readonly string[]
}

/** Of a CloseEvent. */
interface Ended {
  readonly code: number
  readonly reason: string
}

export interface NodeClient {
  readonly send: (text: string) => void
  /** The next message; rejects where the connection ends before. */
  readonly next: () => Promise<string>
  /** The subprotocol that was chosen. */
  readonly protocol: string
  /** Closes it, resolves when it is closed. */
  readonly close: () => Promise<Ended>
  readonly ended: Promise<Ended>
}

/** Connects to `host:port/path`; resolves when it is open, or has ended without being it. It ends with the test. */
export async function nodeClient(t: TestContext, place: string, offer: Offer = {}): Promise<NodeClient> {
  const { headers = {}, protocols = [] } = offer
  const socket = new WebSocket(`ws://${place}`, { headers: { ...headers }, protocols: [...protocols] })
  const messages: string[] = []
  let end: Ended | undefined
  let wake = () => {}
  socket.addEventListener('message', ({ data }) => {
    messages.push(String(data))
    wake()
  })
  const ended = new Promise<Ended>((resolve) => {
    socket.addEventListener('close', ({ code, reason }) => {
      end = { code, reason }
      resolve(end)
      wake()
    })
  })
  t.after(() => socket.close())
  await Promise.race([ended, new Promise((resolve) => socket.addEventListener('open', resolve))])
  const next = async () => {
    while (true) {
      const message = messages.shift()
      if (message !== undefined) return message
      if (end) throw new Error(`ended with ${end.code} "${end.reason}"`)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  const close = () => {
    socket.close()
    return ended
  }
  return { send: (text) => socket.send(text), next, protocol: socket.protocol, close, ended }
}
