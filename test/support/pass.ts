/** The HTTP server with nothing but pass-through behind it, in front of a backend of the test. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { ServerOptions } from 'node:https'
import type { Server as NetServer } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TestContext } from 'node:test'
import { parseUpstream } from '../../src/net/upstream.ts'
import { loadParser } from '../../src/proxy/accepted-handle.ts'
import { toBackend } from '../../src/proxy/headers.ts'
import { type HttpFailure, type PassThrough, passThrough } from '../../src/proxy/http.ts'
import { createHttpServer, type MalformedRequest } from '../../src/proxy/http-server.ts'
import { Linger } from '../../src/proxy/linger.ts'
import type { UpgradeRequest } from '../../src/proxy/upgrade-request.ts'
import { closeAgents, createAgents, UpstreamPool } from '../../src/proxy/upstream.ts'
import { Wheel } from '../../src/proxy/wheel.ts'
import { loadBinding } from '../../src/proxy/wire-handle.ts'
import { portOf, rawClient, rawServer } from './raw.ts'

export interface Passing {
  readonly port: number
  readonly server: Server
  /** What `onError` was told. */
  readonly failures: HttpFailure[]
  /** Targets of the upgrades that were handed over. */
  readonly upgrades: string[]
  /** What was refused before it was handed over. */
  readonly refused: MalformedRequest[]
  readonly linger: Linger
  /** Moves the clock of deadlines, which stands still otherwise. */
  readonly advance: (ms: number) => void
  /** How many deadlines are pending. */
  readonly deadlines: () => number
}

export interface PassingOptions extends Partial<Pick<PassThrough, 'connectTimeout' | 'removed'>> {
  readonly handshakeTimeout?: number
  readonly tls?: ServerOptions
  /** Whether the fast lane is open. */
  readonly isRaw?: boolean
  readonly onUpgrade?: (request: UpgradeRequest, socket: Duplex, head: Buffer) => void
}

/** Starts a proxy in front of backends, given as ports of 127.0.0.1 or as settings; all is closed when the test ends. */
export async function passing(
  t: TestContext,
  backends: readonly (number | string)[],
  options: PassingOptions = {},
): Promise<Passing> {
  const agents = createAgents()
  const settings = backends.map((place) => (typeof place === 'number' ? `http://127.0.0.1:${place}` : place))
  const pool = new UpstreamPool(settings.map(parseUpstream))
  const failures: HttpFailure[] = []
  const upgrades: string[] = []
  const removed = options.removed ?? ['x-auth-user']
  const limit = options.connectTimeout === undefined ? {} : { connectTimeout: options.connectTimeout }
  const refused: MalformedRequest[] = []
  const wheel = new Wheel(50, 0)
  let time = 0
  const clock = () => time
  const advance = (ms: number) => {
    time += ms
    wheel.tick(time)
  }
  const linger = new Linger(wheel, clock)
  const tls = options.tls === undefined ? {} : { tls: options.tls }
  const server = createHttpServer(
    { handshakeTimeout: options.handshakeTimeout ?? 10_000, ...tls },
    {
      onRequest: (request, response) => {
        const headers = toBackend(request.rawHeaders, { ...FACTS, host: request.headers.host ?? '', removed })
        passThrough(request, response, { pool, agents, headers, removed, ...limit, onError: (f) => failures.push(f) })
      },
      onUpgrade: (request, side, head) => {
        const socket = 'toSocket' in side ? side.toSocket() : side
        upgrades.push(request.url ?? '')
        if (options.onUpgrade) options.onUpgrade(request, socket, head)
        else socket.destroy()
      },
      onMalformed: (request) => refused.push(request),
    },
    { linger, wheel, clock, isRaw: options.isRaw ?? false },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    closeAgents(agents)
    server.close()
    server.closeAllConnections()
  })
  return { port: portOf(server), server, failures, upgrades, refused, linger, advance, deadlines: () => wheel.size }
}

loadBinding()
loadParser()

const FACTS = {
  peer: '127.0.0.1',
  ip: '127.0.0.1',
  chain: [],
  trusted: false,
  forwardedHeader: 'x-forwarded-for',
  secure: false,
  requestId: 'r1',
}

export interface Backend {
  readonly port: number
  readonly server: Server
  /** Requests seen, in order. */
  readonly requests: IncomingMessage[]
}

/** Starts a node:http backend; it is closed when the test ends. */
export async function backend(t: TestContext, listener: RequestListener): Promise<Backend> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    listener(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { port: portOf(server), server, requests }
}

/** Starts a proxy in front of one node:http backend. */
export async function passingTo(t: TestContext, listener: RequestListener, options: PassingOptions = {}) {
  const behind = await backend(t, listener)
  const proxy = await passing(t, [behind.port], options)
  return { ...proxy, backend: behind }
}

/** A port of 127.0.0.1 on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server: NetServer = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  server.close()
  await once(server, 'close')
  return port
}

/** The end of a head after which the connection closes. */
export const LAST = 'Host: a\r\nConnection: close\r\n\r\n'

/** Answers `<METHOD target body>`. */
export const echo: RequestListener = (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () =>
    response.end(`<${request.method} ${request.url} ${Buffer.concat(chunks).toString('latin1')}>`),
  )
}

/** What `echo` answered, in all of what a client received. */
export const bodiesIn = (received: string): string[] => received.match(/<[^<>]*>/g) ?? []

/** A proxy in front of a backend that speaks raw bytes, and a client of it. */
export async function rawBoth(t: TestContext) {
  const behind = await rawServer(t)
  const proxy = await passing(t, [behind.port])
  return { behind, proxy, client: await rawClient(t, proxy.port) }
}
