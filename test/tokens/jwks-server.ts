import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** A JWKS endpoint on loopback whose answer a test may change; closed when the test ends. */
export interface JwksServer {
  readonly url: string
  readonly requests: () => number
  answer(listener: RequestListener): void
}

export async function startJwksServer(t: TestContext, first: RequestListener): Promise<JwksServer> {
  let listener = first
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    listener(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo // a TCP server's address
  return {
    url: `http://127.0.0.1:${port}/jwks.json`,
    requests: () => requests,
    answer: (next) => {
      listener = next
    },
  }
}

/** Answers 200 with a JSON body. */
export function json(body: unknown): RequestListener {
  return (_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
}
