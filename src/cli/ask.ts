/** Asks a listener of the running proxy, from the same machine: needs no shell and no curl. */
import http from 'node:http'
import { MAX_TIMER_MS } from '../settings/duration.ts'
import type { Listen } from '../settings/listen.ts'

export interface Asked {
  readonly status: number
  readonly body: string
}

const MAX_BODY = 64 * 1024

/** @param timeoutMs how long the answer may take; rejects with a sentence otherwise */
export function ask(
  address: Listen,
  request: { readonly method: string; readonly path: string; readonly headers?: Record<string, string> },
  timeoutMs: number,
): Promise<Asked> {
  const place = 'path' in address ? { socketPath: address.path } : { host: reachable(address.host), port: address.port }
  return new Promise((resolve, reject) => {
    const headers = { Host: 'localhost', ...request.headers }
    const asking = http.request({ ...place, method: request.method, path: request.path, headers, agent: false })
    const late = () => asking.destroy(new Error(`no answer within ${timeoutMs} ms`))
    const timer = setTimeout(late, Math.min(timeoutMs, MAX_TIMER_MS))
    asking.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        if (body.length < MAX_BODY) body += text
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
      response.on('error', reject)
    })
    asking.on('error', reject)
    asking.on('close', () => clearTimeout(timer))
    asking.end()
  })
}

/** A listener on every address is reached on loopback. */
const reachable = (host: string | undefined): string =>
  host === undefined || host === '0.0.0.0' || host === '::' ? 'localhost' : host
