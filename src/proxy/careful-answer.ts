/**
 * Reads an answer that is no plain 101 with node's own client, and judges it: hostile input like any other (trap 46).
 * Here come refusals, redirects, informational answers, breaches of HTTP, and a 101 that is wrong or oddly written.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Upstream } from '../net/upstream.ts'
import { ignore } from './answer.ts'
import { type Dialled, failure, type Handshake } from './dialled.ts'
import { lists, valuesOf } from './headers.ts'
import { Replayed } from './replayed.ts'
import { openRequest, requestOptions } from './upstream.ts'

/** An answer on its way. */
interface Begun {
  /** Has an error listener; nobody reads it. */
  readonly socket: Socket
  /** What came already. */
  readonly received: Buffer | undefined
}

/**
 * Reads the answer to a handshake that was sent.
 * @param settle told once or more often; the first time counts
 */
export function readCarefully(
  upstream: Upstream,
  { target, headers, accept }: Handshake,
  { socket, received = Buffer.alloc(0) }: Begun,
  settle: (dialled: Dialled) => void,
): void {
  const replayed = new Replayed(socket, received)
  // With any agent, `false` included, node would not call createConnection.
  const own = { agent: undefined, method: 'GET', path: target, headers: [...headers], createConnection: () => replayed }
  const request = openRequest(upstream, { ...requestOptions(upstream, false), ...own })
  request.on('error', (error) => settle(failure(upstream.label, error.message, 'reached')))
  request.on('response', (response) => settle(judgeAnswer(upstream, response)))
  request.on('upgrade', (response, _replayed, head) => {
    replayed.on('error', ignore)
    replayed.requestSent()
    const problem = switchProblem(response, accept)
    if (problem !== undefined) settle(failure(upstream.label, problem, 'reached'))
    else settle({ kind: 'switched', response, socket: replayed, head })
  })
  request.end()
}

/** To node a 101 without both Upgrade and Connection is a response like any other. */
function judgeAnswer({ label }: Upstream, response: IncomingMessage): Dialled {
  if (response.statusCode !== 101) return { kind: 'answered', response }
  return failure(label, 'a 101 that upgrades to nothing', 'reached')
}

/** A tunnel begins only on a 101 whose accept key is right. */
function switchProblem({ statusCode, rawHeaders }: IncomingMessage, accept: string): string | undefined {
  if (statusCode !== 101) return `an upgrade with status ${statusCode}`
  const accepts = valuesOf(rawHeaders, 'sec-websocket-accept')
  if (accepts.length !== 1 || accepts[0] !== accept) return 'a 101 without the right Sec-WebSocket-Accept'
  return lists(rawHeaders, 'upgrade', 'websocket') ? undefined : 'a 101 that upgrades to something else'
}
