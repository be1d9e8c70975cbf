/**
 * Requests of one connection are served one after the other (RFC 9112 section 9.3.2): a pipelined GET must not
 * overtake the PUT before it, and an informational answer needs the socket to itself.
 */
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Requests that wait on one connection; a client that pipelines more is not served. */
const MAX_WAITING = 256

interface Turn {
  readonly response: ServerResponse
  readonly start: () => void
}

const unanswered = new WeakMap<Duplex, Turn[]>()

/** Calls `start` as soon as every earlier request of the connection is answered; never if the connection ends first. */
export function takeTurn(response: ServerResponse, start: () => void): void {
  const { socket } = response.req
  const turns = unanswered.get(socket) ?? []
  unanswered.set(socket, turns)
  if (turns.length === MAX_WAITING) {
    socket.destroy()
    return
  }
  turns.push({ response, start })
  response.once('close', () => {
    turns.shift()
    const next = turns[0]
    if (next && isOpen(socket)) next.start()
  })
  if (turns.length === 1) start()
}

/**
 * Calls `start` when no answer is under way on a socket that node:http has handed over. The socket is destroyed where
 * that takes longer than `timeoutMs`: it is not read meanwhile, so that a client that left would not be noticed.
 */
export function afterAnswers(socket: Duplex, timeoutMs: number, start: () => void): void {
  const turns = unanswered.get(socket)
  const last = turns?.at(-1)
  if (!turns || !last) {
    start()
    return
  }
  // node:http has stopped to tell the answer under way that the socket has drained.
  const drain = () => turns[0]?.response.emit('drain')
  const timer = setTimeout(() => socket.destroy(), timeoutMs)
  socket.on('drain', drain)
  last.response.once('close', () => {
    clearTimeout(timer)
    socket.off('drain', drain)
    if (isOpen(socket)) start()
  })
}

/** The request that is being answered, if there is one. */
export function answering(socket: Duplex): ServerResponse | undefined {
  return unanswered.get(socket)?.[0]?.response
}

/**
 * For a server's `timeout` event, which a socket emits that was silent for a while: ends it, unless it waits for us. A
 * client that does not take its answer is ended too.
 */
export function endIdle(socket: Duplex): void {
  if (!answering(socket) || socket.writableLength > 0) socket.destroy()
}

function isOpen(socket: Duplex): boolean {
  return !socket.destroyed && !socket.writableEnded
}
