/** One statement that tokens are revoked, as it is written: read and bounded, whoever wrote it. */

/** One token (`jti`), all of a user (`user`), or those issued before a moment, of a user or of everybody. */
export interface Revocation {
  readonly jti?: string
  readonly user?: string
  /** ms since the epoch */
  readonly issuedBefore?: number
  /** When it may be forgotten, ms since the epoch. */
  readonly until?: number
  /** The token was replaced in a rotation: it opens nothing any more, and what it has opened stays. */
  readonly refreshed?: true
}

const EXPECTED = 'expected one of jti, user, issuedBefore, or user with issuedBefore'
const KEYS = ['jti', 'user', 'issuedBefore', 'until', 'refreshed']
const MAX_TEXT = 512
/** A number above this is no date in seconds before the year 5000. */
const MAX_SECONDS = 95_617_584_000
const DATE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/

/** Reads `{ jti | user | issuedBefore, until, refreshed }`. Throws an Error that says what was expected and quotes nothing. */
export function readRevocation(value: unknown): Revocation {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${EXPECTED}, as an object`)
  const given = new Map<string, unknown>(Object.entries(value))
  if ([...given.keys()].some((key) => !KEYS.includes(key)))
    throw new Error(`unknown key: this takes ${KEYS.join(', ')}`)
  const jti = readText('jti', given.get('jti'))
  const user = readText('user', given.get('user'))
  const issuedBefore = readMoment('issuedBefore', given.get('issuedBefore'))
  const until = readMoment('until', given.get('until'))
  const isOne = jti === undefined ? (user ?? issuedBefore) !== undefined : (user ?? issuedBefore) === undefined
  if (!isOne) throw new Error(EXPECTED)
  return {
    ...(jti === undefined ? {} : { jti }),
    ...(user === undefined ? {} : { user }),
    ...(issuedBefore === undefined ? {} : { issuedBefore }),
    ...(until === undefined ? {} : { until }),
    ...(readRefreshed(given.get('refreshed'), jti) ? { refreshed: true } : {}),
  }
}

function readText(key: string, value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '' || value.length > MAX_TEXT)
    throw new Error(`${key}: expected a text of 1 to ${MAX_TEXT} characters`)
  return value
}

function readMoment(key: string, value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && value >= 0 && value <= MAX_SECONDS) return value * 1000
  const ms = typeof value === 'string' && DATE.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isNaN(ms))
    throw new Error(`${key}: expected a date such as 2026-01-31T12:00:00Z, or seconds since the epoch`)
  return ms
}

function readRefreshed(value: unknown, jti: string | undefined): boolean {
  if (value === undefined || value === false) return false
  if (value !== true) throw new Error('refreshed: expected true or false')
  if (jti === undefined) throw new Error('refreshed: is of one token: give its jti')
  return true
}

/**
 * Reads a whole list: a JSON array, or lines, each a JSON object or a bare `jti`; blank lines and those that begin with `#`
 * are skipped. Throws an Error that names the entry.
 */
export function readRevocations(text: string): Revocation[] {
  if (text.trimStart().startsWith('[')) return readArray(text)
  return text.split('\n').flatMap((raw, index) => {
    const line = raw.trim()
    return line === '' || line.startsWith('#') ? [] : [readEntry(`line ${index + 1}`, () => readLine(line))]
  })
}

function readArray(text: string): Revocation[] {
  const values = parseJson(text)
  if (!Array.isArray(values)) throw new Error('is not a JSON array')
  return values.map((value: unknown, index) => readEntry(`entry ${index + 1}`, () => readRevocation(value)))
}

function readLine(line: string): Revocation {
  if (line.startsWith('{')) return readRevocation(parseJson(line))
  if (/\s/.test(line)) throw new Error('expected a jti, or a JSON object')
  return readRevocation({ jti: line })
}

function readEntry(place: string, read: () => Revocation): Revocation {
  try {
    return read()
  } catch (error) {
    throw new Error(`${place}: ${error instanceof Error ? error.message : 'cannot be read'}`)
  }
}

/** The parser's own message would quote what it read. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('is not JSON')
  }
}
