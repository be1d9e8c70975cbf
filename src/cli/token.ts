/** `wsluice token`: mints a development token. */
import { parseDuration } from '../settings/duration.ts'
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

/** One trailing newline is dropped, as the proxy does. */
function readSecret(terminal: Terminal, path: string): string | undefined {
  try {
    const secret = terminal.readFile(path).replace(/\r?\n$/, '')
    if (secret !== '') return secret
    terminal.complain(`--secret-file: ${path} is empty`)
  } catch {
    terminal.complain(`--secret-file: ${path} cannot be read`)
  }
  return undefined
}

/** `name=value`; a value that is JSON (a number, true, a list) is taken as such, anything else as text. */
function parseClaim(text: string): [string, unknown] | undefined {
  const at = text.indexOf('=')
  if (at < 1) return undefined
  const value = text.slice(at + 1)
  try {
    return [text.slice(0, at), JSON.parse(value)]
  } catch {
    return [text.slice(0, at), value]
  }
}

function usage(terminal: Terminal, line: string): number {
  terminal.complain(line)
  return EXIT.usage
}
