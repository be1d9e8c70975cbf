/** The backends of a route: which one is next, how it is reached, whether it is alive. */
import http from 'node:http'
import https from 'node:https'
import { connect, isIP, type NetConnectOpts } from 'node:net'
import type { Upstream } from '../net/upstream.ts'

/** A backend's idle connection is given up before common backends (uvicorn, Node: 5 s) close it under a request. */
const IDLE_MS = 4_000
/** A backend may say more than a client: cookies, policies. */
const MAX_ANSWER_HEAD = 64 * 1024

/** The kept-alive connections to all backends, for ordinary HTTP. */
export interface Agents {
  readonly http: http.Agent
  readonly https: https.Agent
}

/** One pair for the process: agents keep their connections apart by address. */
export function createAgents(): Agents {
  const options = { keepAlive: true, timeout: IDLE_MS }
  return { http: new http.Agent(options), https: new https.Agent(options) }
}

/** Ends every connection to a backend, those in use too. */
export function closeAgents(agents: Agents): void {
  agents.http.destroy()
  agents.https.destroy()
}

/** The agent that serves an upstream. */
export function agentFor(agents: Agents, upstream: Upstream): http.Agent {
  return upstream.protocol === 'https:' ? agents.https : agents.http
}

/** The upstreams of a route, taken in turn. */
export class UpstreamPool {
  readonly upstreams: readonly Upstream[]
  #turn = 0

  /** Throws on an empty list. */
  constructor(upstreams: readonly Upstream[]) {
    if (upstreams.length === 0) throw new Error('expected at least one upstream')
    this.upstreams = upstreams
  }

  /** All upstreams: the next in turn first, then those to try where it cannot be reached. */
  candidates(): Upstream[] {
    const first = this.#turn
    this.#turn = (first + 1) % this.upstreams.length
    return [...this.upstreams.slice(first), ...this.upstreams.slice(0, first)]
  }
}

/**
 * Where and how to send a request, for `openRequest`.
 * @param agent false for a connection of its own, as an upgrade needs
 */
export function requestOptions(upstream: Upstream, agent: http.Agent | false): https.RequestOptions {
  const { protocol, host, port, socketPath } = upstream
  const place = socketPath === undefined ? { host, port } : { socketPath }
  // Without it, node:https would take the server's name from the client's Host.
  const name = protocol === 'https:' ? { servername: isIP(host) === 0 ? host : '' } : {}
  return { protocol, ...place, ...name, agent, insecureHTTPParser: false, maxHeaderSize: MAX_ANSWER_HEAD }
}

/** Begins a request in the upstream's protocol. Throws where node:http finds the method, path or a header impossible. */
export function openRequest(upstream: Upstream, options: https.RequestOptions): http.ClientRequest {
  const request = upstream.protocol === 'https:' ? https.request(options) : http.request(options)
  // Node drops headers above 2000 without a word; their size is bounded anyway.
  request.maxHeadersCount = 0
  return request
}

/** Whether an upstream accepts a TCP (or unix) connection in time. */
export function probe(upstream: Upstream, timeoutMs: number): Promise<boolean> {
  const { host, port, socketPath } = upstream
  const place: NetConnectOpts = socketPath === undefined ? { host, port } : { path: socketPath }
  return new Promise((resolve) => {
    const socket = connect(place)
    const settle = (isAlive: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(isAlive)
    }
    const timer = setTimeout(settle, timeoutMs, false)
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
  })
}
