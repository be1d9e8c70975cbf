/** `wsluice token`: mints a development token. */
import { resolve } from 'node:path'
import { secretOf } from '../config/files.ts'
import { readFile } from '../config/read-file.ts'
import { parseDuration } from '../settings/duration.ts'
import { isInexact } from '../tokens/claims.ts'
import { mintToken } from '../tokens/mint.ts'
import { EXIT, type Terminal } from './terminal.ts'

export interface TokenFlags {
  readonly secretFile: string
  readonly claim: readonly string[]
  readonly ttl: string
}

export async function tokenCommand(terminal: Terminal, { secretFile, claim, ttl }: TokenFlags): Promise<number> {
  const ttlMs = parseDuration(ttl)
  if (ttlMs === undefined) return usage(terminal, `--ttl: expected a duration such as 1h or 30s, got ${ttl}`)
  const claims = claim.map(parseClaim)
  const bad = claims.indexOf(undefined)
  if (bad >= 0) return usage(terminal, `--claim: expected name=value, got ${claim[bad]}`)
  const secret = readSecret(terminal, secretFile)
  if (secret === undefined) return EXIT.usage
  const given = Object.fromEntries(claims.filter((entry) => entry !== undefined))
  const token = await mintToken({ secret, claims: given, ttlSeconds: ttlMs / 1000, now: Date.now() })
  terminal.print(`${token}\n`)
  return EXIT.ok
}

/** As the proxy reads it. */
function readSecret(terminal: Terminal, path: string): string | undefined {
  try {
    return secretOf(readFile(resolve(terminal.cwd, path)))
  } catch (error) {
    terminal.complain(`--secret-file: ${path}: ${error instanceof Error ? error.message : 'cannot be read'}`)
    return undefined
  }
}

/** `name=value`; a value that is JSON (a number, true, a list) is taken as such, anything else as text. */
function parseClaim(text: string): [string, unknown] | undefined {
  const at = text.indexOf('=')
  return at < 1 ? undefined : [text.slice(0, at), parseValue(text.slice(at + 1))]
}

/** A number that JSON's reader would change stays the text it is. */
function parseValue(text: string): unknown {
  try {
    return JSON.parse(text, (_, value: unknown) => {
      if (isInexact(value)) throw new RangeError('a number beyond 2^53')
      return value
    })
  } catch {
    return text
  }
}

function usage(terminal: Terminal, line: string): number {
  terminal.complain(line)
  return EXIT.usage
}
