/** Whether a request is a valid opening handshake (RFC 6455 section 4.2.1). One that is not is always answered over HTTP. */
import { isHandshakeKey } from '../frames/accept.ts'
import { lists, valuesOf } from './headers.ts'
import type { UpgradeRequest } from './upgrade-request.ts'

/** What is wrong with a handshake: the status, what to tell the client, and headers that go with it. */
export interface BadHandshake {
  readonly status: 400 | 426
  readonly text: string
  readonly headers?: readonly string[]
}

/** The Sec-WebSocket-Key of a valid handshake. (Asked for `headers`, node would make an object of all of them.) */
export const handshakeKey = ({ rawHeaders }: Pick<UpgradeRequest, 'rawHeaders'>): string =>
  valuesOf(rawHeaders, 'sec-websocket-key')[0] ?? ''

/** The problem of a handshake; undefined where it is valid. The request has passed `malformed()`. */
export function badHandshake({ method, httpVersion, rawHeaders, url }: UpgradeRequest): BadHandshake | undefined {
  const all = (name: string) => valuesOf(rawHeaders, name)
  if (method !== 'GET') return { status: 400, text: 'A WebSocket handshake is a GET' }
  if (httpVersion !== '1.1') return { status: 400, text: 'A WebSocket handshake needs HTTP/1.1' }
  if (all('transfer-encoding').length > 0 || all('content-length').some((length) => !/^0+$/.test(length))) {
    return { status: 400, text: 'A WebSocket handshake has no body' }
  }
  // An absolute target names a host that may differ from Host: two readings, of which a policy would judge one.
  if (!url?.startsWith('/')) return { status: 400, text: 'The target of a WebSocket handshake begins with /' }
  // A fragment is never sent (RFC 9112 section 3.2): what one reader takes for it is part of another's path.
  if (url.includes('#')) return { status: 400, text: 'The target of a WebSocket handshake has no #' }
  if (!lists(rawHeaders, 'connection', 'upgrade')) return { status: 400, text: 'Connection must name Upgrade' }
  const versions = all('sec-websocket-version')
  if (versions.length !== 1 || versions[0] !== '13') {
    return {
      status: 426,
      text: 'Sec-WebSocket-Version must be 13',
      headers: ['Sec-WebSocket-Version: 13', 'Upgrade: websocket'],
    }
  }
  const keys = all('sec-websocket-key')
  if (keys.length !== 1 || !isHandshakeKey(keys[0] ?? '')) return { status: 400, text: 'Bad Sec-WebSocket-Key' }
  return undefined
}
