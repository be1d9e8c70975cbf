import { BIT, type Peer } from './frame.ts'

/** What the negotiated extensions let a frame carry, and whether we can still read a message. */
export interface AllowedRsv {
  /** RSV bits allowed on the first frame of a message. */
  readonly first: number
  /** RSV bits allowed on continuations and control frames. */
  readonly other: number
  /** No payload is readable, whatever its frames say. Where false, only messages with `frame.compressed` are unreadable. */
  readonly opaque: boolean
}

const NOTHING: AllowedRsv = { first: 0, other: 0, opaque: false }
const EVERYTHING: AllowedRsv = { first: BIT.rsv, other: BIT.rsv, opaque: true }

// x-webkit-deflate-frame (Safari before 10) compresses frame by frame: the first one says nothing of the others.
const KNOWN = new Map<string, AllowedRsv>([
  ['permessage-deflate', { first: BIT.rsv1, other: 0, opaque: false }],
  ['x-webkit-deflate-frame', { first: BIT.rsv1, other: BIT.rsv1, opaque: true }],
])

/**
 * What a `Sec-WebSocket-Extensions` value of a 101 allows (RFC 6455 section 9.1, RFC 7692); several lines joined by a comma.
 *
 * An extension that we do not know may use any bit, and its messages are opaque: they pass as through a tunnel.
 */
export function allowedRsv(header: string | undefined): AllowedRsv {
  if (header === undefined) return NOTHING
  return header.split(',').map(extensionName).filter(Boolean).map(allowedBy).reduce(union, NOTHING)
}

/**
 * Which messages of a sender may vanish on the way under the extensions of a 101: those that nothing else refers to. A
 * compressed one is part of the window of the next, unless the sender does without (RFC 7692 section 7.1.1); of an
 * extension that we do not know nothing is known (trap 17).
 */
export function droppable(header: string | undefined, sender: Peer = 'client'): 'every' | 'uncompressed' | 'none' {
  if (allowedRsv(header).opaque) return 'none'
  return takeover(header, sender) === 'alone' ? 'every' : 'uncompressed'
}

/** Whether the compressed messages of a sender refer to those before them under the extensions of a 101, or each stands alone. */
export function takeover(header: string | undefined, sender: Peer): 'takeover' | 'alone' {
  const elements = header?.split(',') ?? []
  const isAlone = (element: string) => !isDeflate(element) || hasParameter(element, NO_CONTEXT[sender])
  return elements.every(isAlone) ? 'alone' : 'takeover'
}

/** The value with every permessage-deflate telling the client to compress each message by itself, which a server may. */
export const withoutClientContext = (header: string): string => withParameter(header, NO_CONTEXT.client)

/** The value with every permessage-deflate asking the server to compress each message by itself, which it then must. */
export const withoutServerContext = (header: string): string => withParameter(header, NO_CONTEXT.upstream)

/** An offer without what makes payloads unreadable: extensions that we do not know, and those that compress frame by frame. */
export const readableOffer = (header: string): string => kept(header, isDeflate)

/** An offer without compression. */
export const uncompressedOffer = (header: string): string =>
  kept(header, (element) => !KNOWN.has(extensionName(element)))

const kept = (header: string, isKept: (element: string) => boolean): string =>
  header
    .split(',')
    .filter(isKept)
    .map((element) => element.trim())
    .join(', ')

function withParameter(header: string, parameter: string): string {
  const told = (element: string) =>
    isDeflate(element) && !hasParameter(element, parameter) ? `${element.trimEnd()}; ${parameter}` : element
  return header.split(',').map(told).join(',')
}

const NO_CONTEXT = { client: 'client_no_context_takeover', upstream: 'server_no_context_takeover' } as const

const isDeflate = (element: string) => extensionName(element) === 'permessage-deflate'

const hasParameter = (element: string, parameter: string) =>
  element.split(';').some((given) => given.trim() === parameter)

// A quoted parameter holds a token (RFC 6455 section 9.1), so no comma or semicolon of its own.
function extensionName(offer: string): string {
  return offer.replace(/;.*/s, '').trim()
}

function allowedBy(name: string): AllowedRsv {
  return KNOWN.get(name) ?? EVERYTHING
}

function union(a: AllowedRsv, b: AllowedRsv): AllowedRsv {
  return { first: a.first | b.first, other: a.other | b.other, opaque: a.opaque || b.opaque }
}
