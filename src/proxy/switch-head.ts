/**
 * Reads the head of a backend's 101, the one answer that most backends give. It knows the plain form only: what it does
 * not recognise is no refusal, but a case for node's own parser (`replayed.ts`).
 */
import { lists, valuesOf } from './headers.ts'

/** A right answer to the opening handshake (RFC 6455 section 4.1). */
export interface SwitchHead {
  readonly statusMessage: string
  /** `[name, value, name, value, …]` as they came, Latin-1. */
  readonly rawHeaders: readonly string[]
  /** Bytes of the head, the empty line included: what follows are frames. */
  readonly length: number
}

/** The longest head that is waited for. */
const MAX_HEAD = 64 * 1024
const BEGIN = 'HTTP/1.1 101 '
const END = '\r\n\r\n'
const STATUS_MESSAGE = /^[\t\x20-\x7e\x80-\xff]*$/
/** One header line (RFC 9112 section 5, without obs-fold), blanks around its value left out. */
const HEADER =
  /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*((?:[\x21-\x7e\x80-\xff]+(?:[\t ]+[\x21-\x7e\x80-\xff]+)*)?)[\t ]*$/
/** A 101 has neither body nor length (RFC 9110 section 8.6). */
const FRAMING = ['content-length', 'transfer-encoding']

/**
 * A plain 101 that accepts the handshake, `incomplete` where the bytes may become one, or `other`.
 * @param bytes all that the backend has sent
 * @param accept what its Sec-WebSocket-Accept must be
 */
export function readSwitchHead(bytes: Buffer, accept: string): SwitchHead | 'incomplete' | 'other' {
  const text = bytes.toString('latin1', 0, MAX_HEAD + END.length)
  if (!text.startsWith(BEGIN.slice(0, text.length))) return 'other'
  const end = text.indexOf(END)
  if (end < 0) return text.length < MAX_HEAD ? 'incomplete' : 'other'
  // Headers are slices of it: they must not keep the frames behind it alive (trap 50).
  const head = end + END.length === text.length ? text.slice(0, end) : bytes.toString('latin1', 0, end)
  const lines = head.split('\r\n')
  const statusMessage = lines[0]?.slice(BEGIN.length) ?? ''
  const rawHeaders = readHeaders(lines)
  if (!rawHeaders || !STATUS_MESSAGE.test(statusMessage) || !isRight(rawHeaders, accept)) return 'other'
  return { statusMessage, rawHeaders, length: end + END.length }
}

/** Of the lines behind the first; undefined where one is none. */
function readHeaders(lines: readonly string[]): string[] | undefined {
  const rawHeaders: string[] = []
  for (let index = 1; index < lines.length; index++) {
    // The loop's bound.
    const match = HEADER.exec(lines[index] as string)
    if (!match) return undefined
    // Both groups are in every match.
    rawHeaders.push(match[1] as string, match[2] as string)
  }
  return rawHeaders
}

function isRight(rawHeaders: readonly string[], accept: string): boolean {
  const accepts = valuesOf(rawHeaders, 'sec-websocket-accept')
  if (accepts.length !== 1 || accepts[0] !== accept) return false
  if (FRAMING.some((name) => valuesOf(rawHeaders, name).length > 0)) return false
  return lists(rawHeaders, 'upgrade', 'websocket') && lists(rawHeaders, 'connection', 'upgrade')
}
