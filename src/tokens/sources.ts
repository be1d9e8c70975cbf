import { parseJsonPath } from './json-path.ts'

/** Where a token may stand in a handshake, or in a message; `text` is how the configuration spells it. */
export type TokenSource = { readonly text: string } & (
  | { readonly kind: 'query'; readonly name: string }
  /** `name` is in lower case; `bearer` says whether the `Bearer` scheme must stand before the token. */
  | { readonly kind: 'header'; readonly name: string; readonly bearer: 'required' | 'optional' }
  | { readonly kind: 'cookie'; readonly name: string }
  /** The subprotocol item after the item `word`, which is in lower case. */
  | { readonly kind: 'protocol-after'; readonly word: string }
  /** The rest of the subprotocol item that begins with `prefix`, which is in lower case (as Kubernetes does). */
  | { readonly kind: 'protocol-prefix'; readonly prefix: string }
  /** A field of a message that is JSON. */
  | { readonly kind: 'message'; readonly path: readonly string[] }
)

/** What stands before the colon. */
export const TOKEN_KINDS = ['query', 'header', 'cookie', 'protocol', 'message']
const EXAMPLES = 'query:token, header:authorization, cookie:session, protocol:bearer or message:payload.authorization'
/** RFC 9110 section 5.6.2; header names, cookie names and subprotocols are all of this kind. */
const RFC_TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Reads one entry of `token.from`. Throws an Error that quotes it and says what was expected. */
export function parseTokenSource(text: string): TokenSource {
  const colon = text.indexOf(':')
  const kind = text.slice(0, Math.max(colon, 0))
  const name = text.slice(colon + 1)
  if (!TOKEN_KINDS.includes(kind)) throw new Error(`${quote(text)}: expected ${EXAMPLES}`)
  if (name === '') throw new Error(`${quote(text)} lacks a name after the colon, as in ${EXAMPLES}`)
  if (kind === 'query') return { text, kind, name: queryName(text, name) }
  if (kind === 'message') return { text, kind, path: messagePath(text, name) }
  if (!RFC_TOKEN.test(name)) throw new Error(`${quote(text)}: a ${kind} name has no spaces or separators`)
  if (kind === 'cookie') return { text, kind, name }
  return kind === 'header' ? headerSource(text, name.toLowerCase()) : protocolSource(text, name.toLowerCase())
}

function headerSource(text: string, name: string): TokenSource {
  if (name === 'cookie') throw new Error(`${quote(text)}: name the cookie instead, as in cookie:session`)
  if (name === 'sec-websocket-protocol') {
    throw new Error(`${quote(text)}: name the word before the token instead, as in protocol:bearer`)
  }
  return { text, kind: 'header', name, bearer: name === 'authorization' ? 'required' : 'optional' }
}

function protocolSource(text: string, name: string): TokenSource {
  if (!name.endsWith('.*')) return { text, kind: 'protocol-after', word: name }
  return { text, kind: 'protocol-prefix', prefix: name.slice(0, -1) }
}

function queryName(text: string, name: string): string {
  if (/^[\x21-\x7e]+$/.test(name) && !/[&=#?%+;[\]]/.test(name)) return name
  throw new Error(
    `${quote(text)}: give the parameter's name as it reads when decoded, without & = # ? % + ; [ ] or spaces`,
  )
}

function messagePath(text: string, path: string): string[] {
  try {
    return parseJsonPath(path)
  } catch (error) {
    throw new Error(`${quote(text)}: ${error instanceof Error ? error.message : 'no path'}`)
  }
}

function quote(text: string): string {
  return JSON.stringify(text)
}
