/** Asks an authorization service one question over HTTP. Its answer is hostile input like any other: bounded in time and size. */
import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import https from 'node:https'
import { isIP } from 'node:net'
import type { Service } from './service.ts'

/** A status with headers, as `[name, value, …]`; or why there is none, for operators. */
export type Reply = { readonly status: number; readonly headers: readonly string[] } | { readonly problem: string }

interface Question {
  readonly service: Service
  /** `[name, value, …]` */
  readonly headers: readonly string[]
  /** For the whole answer, its body included. */
  readonly timeoutMs: number
}

export interface Asker {
  /** Never rejects. */
  readonly ask: (question: Question) => Promise<Reply>
  /** Questions under way. */
  readonly open: () => number
  /** Ends the connections to all services, those in use too. */
  readonly close: () => void
}

/** Connections to one service; further questions wait for one, within their time. */
const MAX_CONNECTIONS = 64
/** Questions under way, of all services. */
const MAX_OPEN = 1024
/** Of a body nothing is read but its end, so that the connection can be kept. */
const MAX_BODY = 64 * 1024
const MAX_HEAD = 16 * 1024
/** Common services close an idle connection after 5 s. */
const IDLE_MS = 4000

type Agents = Readonly<Record<Service['protocol'], http.Agent>>

/** One for the process: its connections are kept, and outlive a reload. */
export function createAsker(): Asker {
  const options = { keepAlive: true, maxSockets: MAX_CONNECTIONS, timeout: IDLE_MS }
  const agents: Agents = { 'http:': new http.Agent(options), 'https:': new https.Agent(options) }
  let open = 0
  const ask = async (question: Question) => {
    if (open >= MAX_OPEN) return { problem: `${MAX_OPEN} questions wait for an answer already` }
    open++
    try {
      return await askWithin(question, agents)
    } finally {
      open--
    }
  }
  return {
    ask,
    open: () => open,
    close: () => {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}

/** One bound in time for both attempts and the body. */
function askWithin(question: Question, agents: Agents): Promise<Reply> {
  return new Promise((resolve) => {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), question.timeoutMs)
    const over = (problem: string) => {
      clearTimeout(timer)
      resolve({ problem: late.signal.aborted ? `no answer within ${question.timeoutMs} ms` : problem })
    }
    attempt(question, agents[question.service.protocol], { late: late.signal, resolve, over })
  })
}

interface Outcome {
  readonly late: AbortSignal
  readonly resolve: (reply: Reply) => void
  /** Nothing is left of it; the problem counts where there was no answer. */
  readonly over: (problem: string) => void
}

function attempt(question: Question, agent: http.Agent | false, outcome: Outcome): void {
  const { late, resolve, over } = outcome
  let problem = 'it ended without an answer'
  let isStale = false
  let request: ClientRequest
  try {
    request = open(question, agent)
  } catch (error) {
    return over(messageOf(error))
  }
  const end = () => request.destroy()
  late.addEventListener('abort', end)
  request.on('response', (response) => {
    resolve({ status: response.statusCode ?? 0, headers: response.rawHeaders })
    drop(response)
  })
  request.on('upgrade', (_, socket) => {
    problem = 'it switched protocols'
    socket.destroy()
  })
  request.on('error', (error: NodeJS.ErrnoException) => {
    problem = messageOf(error)
    // The service closed a kept connection as we wrote: a GET may be sent again.
    isStale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
  })
  request.on('close', () => {
    late.removeEventListener('abort', end)
    if (isStale && !late.aborted) attempt(question, false, outcome)
    else over(problem)
  })
  request.end()
}

function open({ service, headers }: Question, agent: http.Agent | false): ClientRequest {
  const { protocol, host, port, path, authority } = service
  const place = { protocol, host, port, path, agent, maxHeaderSize: MAX_HEAD, insecureHTTPParser: false }
  const options = { ...place, method: 'GET', headers: ['Host', authority, 'Accept', '*/*', ...headers] }
  if (protocol === 'http:') return http.request(options)
  return https.request({ ...options, servername: isIP(host) === 0 ? host : '' })
}

/** Reads and drops a body, so that its connection can be kept; a long one ends it. */
function drop(response: IncomingMessage): void {
  let bytes = 0
  response.on('error', () => {})
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MAX_BODY) response.destroy()
  })
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'failed')
