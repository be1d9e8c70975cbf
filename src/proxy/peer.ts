import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { canonicalAddress } from '../net/address.ts'
import { peerAddress } from './proxied-peer.ts'

/** The peer of a socket as the log names it: its canonical address, or `unix`. To be asked while the socket is open. */
export function peerOf(socket: Duplex | Pick<Socket, 'remoteAddress'>): string {
  const address = 'remoteAddress' in socket ? peerAddress(socket) : undefined
  return address === undefined ? 'unix' : (canonicalAddress(address) ?? address)
}
