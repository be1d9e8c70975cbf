/** Both ends of a WebSocket through the proxy, each saying exactly the bytes a test gives it. */
import { createHash } from 'node:crypto'
import type { TestContext } from 'node:test'
import { startTestProxy, type TestProxy, type TestProxyOptions } from './proxy.ts'
import { type RawClient, type RawServer, rawClient, rawServer } from './raw.ts'
import { closeOf, framesIn, type WireFrame } from './wire-frames.ts'

/** How long anything may take that a test waits for. */
const BOUND_MS = 5000

export const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

/** The head of an answer. */
interface Head {
  readonly status: number
  /** Without the status line. */
  readonly lines: readonly string[]
  readonly header: (name: string) => string | undefined
}

/** One end of a connection: a client that asked for an upgrade, or what a backend accepted. */
export interface End {
  readonly raw: RawClient
  readonly send: (bytes: string) => void
  /** The head it received, once it is there: an answer for a client, a request for a backend. */
  readonly head: () => Promise<Head>
  /** What came after the head. */
  readonly rest: () => string
  readonly frames: () => WireFrame[]
  /** Resolves with the frames once there are so many. */
  readonly count: (frames: number) => Promise<WireFrame[]>
  /** Resolves with what the first Close says; rejects where the connection ends without one. */
  readonly close: () => Promise<{ code: number; reason: string }>
  /** Resolves when so many bytes came after the head. */
  readonly bytes: (length: number) => Promise<string>
  /** Resolves with all that came after the head when the other side has sent FIN, or is gone. */
  readonly ended: () => Promise<string>
}

export interface Asking {
  readonly path?: string
  /** In place of the usual ones; without the empty line. */
  readonly request?: string
  /** Beside the usual ones. */
  readonly headers?: readonly string[]
  /** Sent in one piece with the request. */
  readonly glued?: string
}

/** The head of a handshake. */
export function handshake({ path = '/ws', headers = [] }: Asking = {}): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    'Host: app.test',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${KEY}`,
    ...headers,
  ]
  return lines.join('\r\n')
}

/** The clients of each test. */
const clients = new WeakMap<TestContext, RawClient[]>()

/** Connects and asks; does not wait for the answer. */
export async function ask(t: TestContext, port: number, asking: Asking = {}): Promise<End> {
  const raw = await rawClient(t, port)
  clients.set(t, [...(clients.get(t) ?? []), raw])
  raw.send(`${asking.request ?? handshake(asking)}\r\n\r\n${asking.glued ?? ''}`)
  return endOf(raw)
}

export interface Accepting {
  /** Beside Upgrade, Connection and Sec-WebSocket-Accept. */
  readonly headers?: readonly string[]
  /** Sent in one piece with the 101. */
  readonly glued?: string
}

/** Answers the upgrade that a backend's connection received. */
export async function accept(backend: End, { headers = [], glued = '' }: Accepting = {}): Promise<void> {
  await backend.head()
  backend.send(`${switching(backend, headers)}\r\n\r\n${glued}`)
}

/** The head of a right 101. */
export function switching(backend: End, headers: readonly string[] = []): string {
  const key = /^sec-websocket-key: *(\S+)/im.exec(backend.raw.received())?.[1] ?? ''
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')}`,
    ...headers,
  ]
  return lines.join('\r\n')
}

export interface Proxied {
  readonly proxy: TestProxy
  readonly server: RawServer
  /** The backend's connection of that index, once it is there. */
  readonly backend: (index: number) => Promise<End>
}

/** A proxy in front of a raw backend; both are gone when the test ends. `UPSTREAM` in the YAML is the backend. */
export async function proxied(t: TestContext, { yaml, env = {}, ...options }: TestProxyOptions = {}): Promise<Proxied> {
  const server = await rawServer(t)
  const upstream = `http://127.0.0.1:${server.port}`
  const place =
    yaml === undefined
      ? { env: { WS_UPSTREAM: upstream, ...env } }
      : { yaml: yaml.replaceAll('UPSTREAM', upstream), env }
  const proxy = await startTestProxy({ ...place, ...options })
  t.after(async () => {
    // A drain looks only now and then whether they are gone.
    for (const { socket } of [...server.connections, ...(clients.get(t) ?? [])]) socket.destroy()
    await eventually(() => proxy.running.held().sessions === 0, 'the end of all sessions').catch(() => {})
    await proxy.stop()
  })
  const backend = async (index: number) =>
    endOf(
      await within(
        server.connection(index),
        () => `connection ${index} of the backend, after ${proxy.written.join('')}`,
      ),
    )
  return { proxy, server, backend }
}

export interface Pair extends Proxied {
  readonly client: End
  readonly upstream: End
}

/** An open connection through a proxy of its own. */
export async function openPair(
  t: TestContext,
  options: TestProxyOptions & { asking?: Asking; accepting?: Accepting } = {},
): Promise<Pair> {
  const { asking, accepting, ...proxyOptions } = options
  const all = await proxied(t, proxyOptions)
  return { ...all, ...(await openOn(t, all, 0, asking, accepting)) }
}

/** Another connection through a proxy; `index` is how many the backend has had. */
export async function openOn(
  t: TestContext,
  { proxy, backend }: Proxied,
  index: number,
  asking?: Asking,
  accepting?: Accepting,
) {
  const client = await ask(t, proxy.port, asking)
  const upstream = await backend(index)
  await accept(upstream, accepting)
  const { status } = await client.head()
  if (status !== 101) throw new Error(`not admitted: ${client.raw.received()}`)
  return { client, upstream }
}

export function endOf(raw: RawClient): End {
  const headEnd = () => raw.received().indexOf('\r\n\r\n')
  const rest = () => (headEnd() < 0 ? '' : raw.received().slice(headEnd() + 4))
  const frames = () => framesIn(rest())
  const head = async () =>
    parseHead(await until(raw, () => (headEnd() < 0 ? undefined : raw.received().slice(0, headEnd()))))
  return {
    raw,
    send: raw.send,
    head,
    rest,
    frames,
    count: (length) =>
      until(raw, () => {
        const found = frames()
        return found.length >= length ? found : undefined
      }),
    close: () => until(raw, () => firstClose(frames())),
    bytes: (length) => until(raw, () => (headEnd() >= 0 && rest().length >= length ? rest() : undefined)),
    ended: async () => {
      await within(raw.ended, () => `the end of ${JSON.stringify(raw.received().slice(-500))}`)
      return rest()
    },
  }
}

const firstClose = (frames: readonly WireFrame[]) => frames.map(closeOf).find((close) => close !== undefined)

function parseHead(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n')
  const header = (name: string) => {
    const line = lines.find((one) => one.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    return line?.slice(name.length + 1).trim()
  }
  return { status: Number(first.split(' ')[1]), lines, header }
}

/** Resolves with what `look` finds, now or after more bytes; rejects at the end of the connection, or of the bound. */
function until<T>(raw: RawClient, look: () => T | undefined): Promise<T> {
  const found = new Promise<T>((resolve, reject) => {
    const check = () => {
      const result = look()
      if (result === undefined) return
      raw.socket.off('data', check)
      resolve(result)
    }
    raw.socket.on('data', check)
    check()
    void raw.ended.then(() => {
      check()
      reject(new Error(`ended: ${JSON.stringify(raw.received().slice(-500))}`))
    })
  })
  return within(found, () => JSON.stringify(raw.received().slice(-500)))
}

/** Rejects where a promise is not settled in time. */
export async function within<T>(promise: Promise<T>, what: () => string, ms = BOUND_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what()}`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Resolves once a condition holds that no event tells of; looks again on every turn, for a bounded time. */
export async function eventually(holds: () => boolean, what: string, ms = BOUND_MS): Promise<void> {
  const end = performance.now() + ms
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
