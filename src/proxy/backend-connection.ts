/** A connection to a backend of its own, as an upgrade needs one. */
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Upstream } from '../net/upstream.ts'

/** Silence after which the kernel asks whether a backend is still there, ms. */
export const KEEP_ALIVE_MS = 60_000

/** Half-open like the client's: a FIN from the backend does not cut what we still send. */
export function connectTo({ host, port, socketPath, protocol }: Upstream): Socket {
  if (socketPath !== undefined) return connectTcp({ path: socketPath, allowHalfOpen: true })
  const place = { host, port, allowHalfOpen: true }
  const servername = isIP(host) === 0 ? host : ''
  const socket =
    protocol === 'http:' ? connectTcp(place) : connectTls({ ...place, servername, ALPNProtocols: ['http/1.1'] })
  // A backend that vanished without a FIN would be believed to be there for ever.
  return socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
}
