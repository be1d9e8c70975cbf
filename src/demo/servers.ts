/** What stands on both sides of the proxy: the web server of the page, and the backend. */
import { createServer, type RequestListener } from 'node:http'
import { createBackend } from './backend.ts'
import { above, listenNear } from './ports.ts'

export interface Servers {
  readonly pagePort: number
  readonly backendPort: number
  /** Answers the web server's requests from now on; until then it asks for patience. */
  readonly show: (answer: RequestListener) => void
  /** Ends both at once. */
  readonly close: () => void
}

const BACKEND_OFFSET = 3

/** Bounds on what anyone who reaches the page can make us hold: ms and bytes. */
const LIMITS = { headersTimeout: 5000, requestTimeout: 10_000, maxHeaderSize: 8192 }

/** Opens both on loopback. @param port of the page, if it is free */
export async function openServers(port: number): Promise<Servers> {
  let answer: RequestListener = (_, response) => response.writeHead(503, { 'Retry-After': '1' }).end()
  const page = createServer(LIMITS, (request, response) => answer(request, response))
  const backend = createBackend()
  const close = () => {
    backend.close()
    page.close()
    page.closeAllConnections()
  }
  try {
    const pagePort = await listenNear(page, port)
    const backendPort = await listenNear(backend.server, above(port, BACKEND_OFFSET))
    return {
      pagePort,
      backendPort,
      show: (listener) => {
        answer = listener
      },
      close,
    }
  } catch (error) {
    close()
    throw error
  }
}
