/**
 * Whether a path is written in one way only. Routes are matched as paths are written, so a second spelling of one
 * would be judged by the rules of another route, and a backend may read both alike.
 */
import type { HandshakeCheck } from '../policy/check.ts'
import { passed, refuse } from '../policy/verdict.ts'

const MAX_LENGTH = 16 * 1024

/** Each rule holds however often what it looks for is encoded (`%2573` is `%73` to who decodes twice). */
const RULES: readonly [pattern: RegExp, detail: string][] = [
  [/[^ -~\u0080-\uffff]|%(?:25)*(?:[01][0-9a-f]|7f)/i, 'a control byte'],
  [/\\|%(?:25)*(?:2f|5c)/i, 'an encoded slash or a backslash'],
  // Some servers see a dot segment also before a path parameter (`..;x`).
  [/(?:^|\/)(?:\.|%(?:25)*2e){1,2}(?=\/|;|%(?:25)*3b|$)/i, 'a dot segment'],
  [/\/\//, 'an empty segment'],
  // RFC 3986 section 2.3: letters, digits, `-`, `.`, `_` and `~` mean the same encoded or not, and are not to be encoded.
  [/%(?:25)*(?:3[0-9]|[46][1-9a-f]|[57][0-9a]|2[de]|5f|7e)/i, 'an encoded letter, digit, -, ., _ or ~'],
]

const SOUND = passed('written in one way only')

export const soundPath: HandshakeCheck = ({ path }) => {
  if (!path.startsWith('/')) return refuse('bad_request', 'the request target is no path')
  if (path.length > MAX_LENGTH) return refuse('bad_request', 'the path is too long')
  const broken = RULES.find(([pattern]) => pattern.test(path))
  return broken ? refuse('bad_request', `${broken[1]} in the path`) : SOUND
}
