/** What probes and scrapers ask: /healthz, /readyz and /metrics, nothing else. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Metrics } from '../observe/metrics.ts'

export interface Readiness {
  readonly ready: boolean
  /** Why not, a line each. */
  readonly problems: readonly string[]
}

export interface OpsOptions {
  readonly readiness: () => Promise<Readiness>
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>
}

interface Answer {
  readonly status: number
  readonly body: string
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

/** The ops server, not yet listening. Answers plain text and keeps connections alive. */
export function createOps({ readiness, metrics }: OpsOptions): Server {
  const probes: ReadonlyMap<string, Probe> = new Map<string, Probe>([
    ['/healthz', () => ({ status: 200, body: 'ok\n' })],
    ['/readyz', async () => readyAnswer(await readiness())],
    ['/metrics', async () => ({ status: 200, body: await metrics.text(), contentType: metrics.contentType })],
  ])
  return createServer(LIMITS, (request, response) => {
    answer(probes, request).then(
      (given) => send(response, given),
      () => send(response, { status: 500, body: 'internal error\n' }),
    )
  })
}

function readyAnswer({ ready, problems }: Readiness): Answer {
  if (ready) return { status: 200, body: 'ready\n' }
  return { status: 503, body: problems.map((problem) => `${problem}\n`).join('') || 'not ready\n' }
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
