/** What probes and scrapers ask: /healthz, /readyz and /metrics, nothing else. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Metrics } from '../observe/metrics.ts'
import { endIdle, takeTurn } from '../proxy/turn.ts'
import { kept } from './kept.ts'

export interface Readiness {
  readonly ready: boolean
  /** Why not, or what is to be looked at all the same, a line each. */
  readonly problems: readonly string[]
}

export interface OpsOptions {
  readonly readiness: () => Promise<Readiness>
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>
  /** ms, monotonic. */
  readonly clock: () => number
}

interface Answer {
  readonly status: number
  readonly body: string | Buffer
  readonly contentType?: string
}

type Probe = () => Answer | Promise<Answer>

/** Bounds on what anyone who reaches the port can make us hold: ms and bytes. */
const LIMITS = {
  headersTimeout: 5000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 5000,
  maxHeaderSize: 8192,
}
/** How long a client may take over an answer, or between two requests, ms. */
const IDLE_MS = 10_000
/** How old the metrics may be that are given out, ms: a scrape walks over all there are. */
const METRICS_KEPT_MS = 1000

/** The ops server, not yet listening. Answers plain text, one request of a connection at a time, and keeps connections alive. */
export function createOps({ readiness, metrics, clock }: OpsOptions): Server {
  const text = kept(async () => Buffer.from(await metrics.text()), METRICS_KEPT_MS, clock)
  const probes: ReadonlyMap<string, Probe> = new Map<string, Probe>([
    ['/healthz', () => ({ status: 200, body: 'ok\n' })],
    ['/readyz', async () => readyAnswer(await readiness())],
    ['/metrics', async () => ({ status: 200, body: await text(), contentType: metrics.contentType })],
  ])
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    answer(probes, request)
      .catch(() => ({ status: 500, body: 'internal error\n' }))
      .then((given) => send(response, given))
      .catch(() => response.destroy())
  }
  const server = createServer(LIMITS, (request, response) => takeTurn(response, () => serve(request, response)))
  return server.setTimeout(IDLE_MS, endIdle)
}

function readyAnswer({ ready, problems }: Readiness): Answer {
  const lines = problems.map((problem) => `${problem}\n`).join('')
  if (ready) return { status: 200, body: `ready\n${lines}` }
  return { status: 503, body: lines || 'not ready\n' }
}

async function answer(probes: ReadonlyMap<string, Probe>, { url = '', method }: IncomingMessage): Promise<Answer> {
  // Cut, not parsed: a URL made of the client's target may throw (trap 37).
  const probe = probes.get(url.split('?', 1)[0] ?? '')
  if (!probe) return { status: 404, body: 'not found: ask for /healthz, /readyz or /metrics\n' }
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: 'use GET or HEAD\n' }
  return await probe()
}

function send(response: ServerResponse, { status, body, contentType = 'text/plain; charset=utf-8' }: Answer): void {
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(status === 405 ? { Allow: 'GET, HEAD' } : {}),
  })
  response.end(body)
}
