/** Whether several processes may listen on one port, each with a queue of its own, to which the kernel deals. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/** Node 20 takes no notice of the option, and some systems refuse it: tried on a free port of loopback. */
export async function canReusePort(): Promise<boolean> {
  const first = createServer()
  const second = createServer()
  try {
    await open(first, 0)
    const address = first.address()
    if (typeof address === 'string' || address === null) return false
    await open(second, address.port)
    return true
  } catch {
    return false
  } finally {
    first.close()
    second.close()
  }
}

async function open(server: Server, port: number): Promise<void> {
  server.listen({ host: '127.0.0.1', port, reusePort: true })
  await once(server, 'listening')
}
