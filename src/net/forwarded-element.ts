/** The elements of a Forwarded header (RFC 7239 section 4). */

/** One `name=value`, its value a token or a quoted string, and the semicolon behind it; or nothing but the semicolon. */
const PAIR = /(?:([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\[\s\S])*)"|([^\s",;=\\]+)))?[ \t]*(?:;[ \t]*|$)/y

/**
 * The elements of one line, last first. A comma within a quoted string ends none; quotes are paired from the right, so
 * that one that a client left open on the left hides nothing that a proxy wrote behind it.
 */
export function* elementsFromTheRight(line: string): Generator<string> {
  let end = line.length
  let isQuoted = false
  for (let index = end - 1; index >= 0; index--) {
    const character = line[index]
    if (character === '"' && !isEscaped(line, index)) isQuoted = !isQuoted
    if (character !== ',' || isQuoted) continue
    yield line.slice(index + 1, end)
    end = index
  }
  yield line.slice(0, end)
}

/**
 * The node that an element names as its client (`for`), unquoted: an address with or without a port, `unknown`, or a
 * hidden name. Undefined where it names none, or more than one, or is malformed.
 */
export function elementNode(element: string): string | undefined {
  const text = element.trim()
  const nodes: string[] = []
  PAIR.lastIndex = 0
  while (PAIR.lastIndex < text.length) {
    const [, name, quoted, token = ''] = PAIR.exec(text) ?? []
    // A match that failed, which begins anew.
    if (PAIR.lastIndex === 0) return undefined
    if (name?.toLowerCase() === 'for') nodes.push(quoted?.replace(/\\([\s\S])/g, '$1') ?? token)
  }
  return nodes.length === 1 ? nodes[0] : undefined
}

/** A Forwarded header that names these hops, the client first. */
export function formatForwarded(addresses: readonly string[]): string {
  return addresses.map((address) => (address.includes(':') ? `for="[${address}]"` : `for=${address}`)).join(', ')
}

/** Whether an odd number of backslashes stands before a character. */
function isEscaped(line: string, index: number): boolean {
  let first = index
  while (line[first - 1] === '\\') first--
  return (index - first) % 2 === 1
}
