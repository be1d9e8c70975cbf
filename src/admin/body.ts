import type { IncomingMessage } from 'node:http'

/** Reads a body to its end, as UTF-8. Undefined as soon as it exceeds `maxBytes`. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return undefined
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    // Without an encoding the stream gives buffers; iterator() does not say so.
    const buffer = chunk as Buffer
    bytes += buffer.length
    if (bytes > maxBytes) return undefined
    chunks.push(buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}
