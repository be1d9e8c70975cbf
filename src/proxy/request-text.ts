/** The head of the handshake for a backend, as bytes. */

const TARGET = /^[\x21-\x7e\x80-\xff]+$/
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * The head of a GET, in Latin-1 (trap 39), its header lines in their order.
 * Throws an Error where the target or a header holds what would not be read back as it was (RFC 9112 sections 3 and 5).
 */
export function requestText(target: string, headers: readonly string[]): string {
  if (!TARGET.test(target)) throw new Error('the request target has a byte that HTTP does not allow')
  let text = `GET ${target} HTTP/1.1\r\n`
  for (let index = 0; index + 1 < headers.length; index += 2) {
    // The loop's bound.
    const [name, value] = [headers[index] as string, headers[index + 1] as string]
    if (!NAME.test(name) || !VALUE.test(value)) throw new Error('a header has a byte that HTTP does not allow')
    text += `${name}: ${value}\r\n`
  }
  return `${text}\r\n`
}
