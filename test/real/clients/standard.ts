/** The client that a standard `WebSocket` makes: Node's own here, Chromium's in a page. */
import type { Page } from 'playwright-core'
import type { Client, CloseSeen, EchoOptions, OpenOptions } from './client.ts'

type Calls = Pick<Client, 'open' | 'echo' | 'say' | 'close' | 'told'>

/** Node's own. */
export function nodeClient(): Client {
  return { name: 'Node', ...ABILITIES, ...standardCalls(), stop: async () => {} }
}

/** A page's. Closing the page is its owner's. */
export async function pageClient(page: Page): Promise<Client> {
  await page.evaluate(`globalThis.calls = (${standardCalls.toString()})()`)
  const call =
    <Name extends keyof Calls>(name: Name) =>
    async (options: Parameters<Calls[Name]>[0]): Promise<Reply<Name>> =>
      await page.evaluate(`calls.${name}(${JSON.stringify(options)})`)
  const calls = { open: call('open'), echo: call('echo'), say: call('say'), close: call('close'), told: call('told') }
  return { name: 'Chromium', ...ABILITIES, ...calls, stop: async () => {} }
}

type Reply<Name extends keyof Calls> = Calls[Name] extends (...options: never[]) => Promise<infer Value> ? Value : never

const ABILITIES = {
  can: { fragment: false, ping: false, refuseCompression: false },
  ping: () => Promise.reject(new Error('a standard WebSocket cannot ping')),
} as const

/** Also runs in the page, as text: it can use nothing from outside itself. */
function standardCalls(): Calls {
  const sockets = new Map<string, WebSocket>()
  const socketOf = (id: string) => {
    const socket = sockets.get(id)
    if (!socket) throw new Error(`no connection ${id}`)
    return socket
  }
  const heard = (socket: WebSocket) =>
    new Promise<string | ArrayBuffer>((resolve, reject) => {
      const heardOnce = new AbortController()
      const { signal } = heardOnce
      socket.addEventListener('close', ({ code }) => reject(new Error(`closed with ${code}`)), { signal })
      const take = ({ data }: MessageEvent) => {
        heardOnce.abort()
        resolve(data)
      }
      socket.addEventListener('message', take, { signal })
    })
  const ended = (socket: WebSocket) =>
    new Promise<CloseSeen>((resolve) => {
      socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }), { once: true })
    })
  const open = ({ id, url, protocols }: OpenOptions) =>
    new Promise<{ protocol: string; extensions: string }>((resolve, reject) => {
      const socket = new WebSocket(url, [...protocols])
      socket.binaryType = 'arraybuffer'
      sockets.set(id, socket)
      socket.addEventListener('open', () => resolve({ protocol: socket.protocol, extensions: socket.extensions }))
      socket.addEventListener('close', ({ code }) => reject(new Error(`closed with ${code}`)))
    })
  const isSame = (answer: string | ArrayBuffer, payload: string | Uint8Array) => {
    if (typeof answer === 'string' || typeof payload === 'string') return answer === payload
    const bytes = new Uint8Array(answer)
    return bytes.length === payload.length && bytes.every((byte, index) => byte === payload[index])
  }
  const echo = async ({ id, kind, size }: EchoOptions) => {
    const socket = socketOf(id)
    const text = 'Grüße '.repeat(size / 6 + 1).slice(0, size)
    const payload = kind === 'text' ? text : Uint8Array.from({ length: size }, (_, index) => index % 251)
    const answer = heard(socket)
    socket.send(payload)
    return isSame(await answer, payload) ? 'same' : 'different'
  }
  const say = async ({ id, text }: { id: string; text: string }) => {
    const answer = heard(socketOf(id))
    socketOf(id).send(text)
    return String(await answer)
  }
  const told = async ({ id, text }: { id: string; text: string }) => {
    const end = ended(socketOf(id))
    socketOf(id).send(text)
    return await end
  }
  const close = async ({ id, code, reason }: { id: string } & { code: number; reason: string }) => {
    const end = ended(socketOf(id))
    socketOf(id).close(code, reason)
    return await end
  }
  return { open, echo, say, close, told }
}
