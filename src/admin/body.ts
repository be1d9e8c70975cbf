import type { IncomingMessage } from 'node:http'

/** Reads a body to its end and drops it: no request of the API has one yet. False as soon as it exceeds `maxBytes`. */
export async function isBodyWithin(request: IncomingMessage, maxBytes: number): Promise<boolean> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return false
  let bytes = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    // Without an encoding the stream gives buffers; iterator() does not say so.
    bytes += (chunk as Buffer).length
    if (bytes > maxBytes) return false
  }
  return true
}
