/**
 * The handles that a server of node's accepts, before sockets are made of them, and the parser of node's HTTP server. Both
 * undocumented, and the same from Node 20 to 26; `raw-self-test.ts` tries them at the start.
 */
import { createServer } from 'node:http'
import type { Server } from 'node:net'
import { Duplex } from 'node:stream'
import { type Counting, type Handle, isTcp, type Taken } from './wire-handle.ts'

/** What node:net calls with every connection. */
type OnConnection = (this: Listening, status: number, client: Handle | undefined) => void

interface Listening {
  onconnection?: OnConnection
}

interface ServerInternals extends Counting {
  readonly _handle?: Listening | null
  readonly maxConnections?: number | undefined
}

/** Hands over, to the last one who asked, every connection over TCP that a listening server accepts: counted by it, and not told of in any event. */
export function takeAccepted(server: Server, accept: (taken: Taken) => void): void {
  // The fields of node:net that its types leave out.
  const counting = server as Server & ServerInternals
  const { _handle: listening } = counting
  const own = listening?.onconnection
  if (!listening || typeof own !== 'function') return
  listening.onconnection = function (status, client) {
    // Where there is a most, node counts who is turned away.
    if (status !== 0 || !client || !isTcp(client) || counting.maxConnections !== undefined) {
      return own.call(this, status, client)
    }
    counting._connections++
    accept({ handle: client, server: counting })
  }
}

/** What the parser calls with a head. `headers` is missing where they were told of in pieces. */
type OnHead = (
  major: number,
  minor: number,
  headers: string[] | undefined,
  method: number,
  url: string,
  status: undefined,
  message: undefined,
  isUpgrade: boolean,
) => number

/** node's binding of llhttp. */
interface Parser {
  initialize(type: number, resource: object, maxHeadBytes: number, leniency: number): void
  /** How many bytes it took, or what is wrong with them. */
  execute(bytes: Uint8Array): number | Error
  [callback: number]: unknown
}

interface ParserClass {
  new (): Parser
  readonly REQUEST: number
  readonly kLenientNone: number
  readonly kOnHeaders: number
  readonly kOnHeadersComplete: number
}

/** The head of a request that asks for an upgrade. */
export interface ParsedHead {
  readonly major: number
  readonly minor: number
  readonly url: string
  /** `[name, value, name, value, …]` as they came, Latin-1. */
  readonly rawHeaders: string[]
}

/** What a parser returns to in `onhead`: there is no body, and what follows is no HTTP. */
const NO_BODY = 2

let parser: { readonly type: ParserClass; readonly one: Parser } | undefined
let parsed: ParsedHead | undefined

/** Loads the parser. Throws where this Node's is not the one that is known. */
export function loadParser(): void {
  const type = parserOfServer()
  const numbers = [type?.REQUEST, type?.kLenientNone, type?.kOnHeaders, type?.kOnHeadersComplete]
  if (!type || numbers.some((number) => typeof number !== 'number')) {
    throw new Error('the HTTP parser of this Node is not the one that is known')
  }
  const one = new type()
  // Without it the first of many headers would be lost without a word; with it `onhead` is told of none.
  one[type.kOnHeaders] = () => {}
  one[type.kOnHeadersComplete] = onhead
  parser = { type, one }
}

/** Taken from a connection that the server is made to believe in: the binding itself is out of reach. */
function parserOfServer(): ParserClass | undefined {
  const connection = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() })
  createServer().emit('connection', connection)
  // node:http keeps it there.
  const { parser: own } = connection as Duplex & { parser?: { constructor: unknown } }
  connection.destroy()
  // What it is will be seen from its fields.
  return typeof own?.constructor === 'function' ? (own.constructor as unknown as ParserClass) : undefined
}

const onhead: OnHead = (major, minor, headers, _method, url, _status, _message, isUpgrade) => {
  if (isUpgrade && headers) parsed = { major, minor, url, rawHeaders: headers }
  return isUpgrade ? NO_BODY : 0
}

/**
 * What node's own parser, as strict as that of its server, makes of bytes; undefined unless they are exactly one head, whole,
 * of a request that asks for an upgrade.
 */
export function parseUpgrade(bytes: Uint8Array, maxHeadBytes: number): ParsedHead | undefined {
  if (!parser) throw new Error('loadParser() comes first')
  const { type, one } = parser
  parsed = undefined
  one.initialize(type.REQUEST, {}, maxHeadBytes, type.kLenientNone)
  const length = one.execute(bytes)
  return length === bytes.length ? parsed : undefined
}
