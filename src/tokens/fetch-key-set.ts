import { type ParsedKeySet, parseKeySet, UnusableKeySet, whyNone } from './key-set.ts'

const MAX_BYTES = 1024 * 1024

/** A fetched key set, or why there is none; the detail holds nothing of the URL or of the answer's body. */
export type Fetched = { readonly set: ParsedKeySet } | { readonly problem: string }

/**
 * Fetches a JWKS once: no redirects, at most 1 MiB, the whole answer within `timeoutMs`. An answer without a usable key is
 * a problem too: it would end every session of everybody. Never rejects.
 */
export async function fetchKeySet(url: string, fetch: typeof globalThis.fetch, timeoutMs: number): Promise<Fetched> {
  try {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { accept: 'application/jwk-set+json, application/json' },
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new UnusableKeySet(describeStatus(response.status))
    }
    return { set: usable(parseKeySet(await readBounded(response))) }
  } catch (error) {
    return { problem: describe(error, timeoutMs) }
  }
}

function usable(set: ParsedKeySet): ParsedKeySet {
  if (set.keys.length === 0) throw new UnusableKeySet(`holds no usable key${whyNone(set.ignored)}`)
  return set
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > MAX_BYTES) throw new UnusableKeySet(`is larger than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function describeStatus(status: number): string {
  return status >= 300 && status < 400
    ? `answers ${status}; redirects are not followed, give the final URL`
    : `answers ${status}`
}

/** Foreign messages are not passed on: they may quote the URL with what it carries. */
function describe(error: unknown, timeoutMs: number): string {
  if (error instanceof UnusableKeySet) return error.message
  if (!(error instanceof Error)) return 'could not be fetched'
  if (error.name === 'TimeoutError') return `did not answer within ${timeoutMs} ms`
  const { cause } = error
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? `could not be fetched (${code})` : 'could not be fetched'
}
