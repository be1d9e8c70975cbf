/** Ports of loopback: the one that is wanted, or a free one where something else has it. */
import { createServer, type Server } from 'node:net'

const LOOPBACK = '127.0.0.1'
const LAST_PORT = 65_535

/** The port so many above one; 0, which is any, where there is none. */
export const above = (port: number, offset: number): number =>
  port === 0 || port + offset > LAST_PORT ? 0 : port + offset

/** Listens on the wanted port of 127.0.0.1, else on a free one; resolves to the port. */
export async function listenNear(server: Server, wanted: number): Promise<number> {
  try {
    return await listen(server, wanted)
  } catch (error) {
    if (wanted === 0 || !isTaken(error)) throw error
    return await listen(server, 0)
  }
}

/** The wanted port if nothing listens there, else 0. */
export async function wantedOrAny(wanted: number): Promise<number> {
  const probe = createServer()
  const port = await listenNear(probe, wanted)
  await new Promise((resolve) => probe.close(resolve))
  return port === wanted ? wanted : 0
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, LOOPBACK, () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })
}

/** Somebody has it, or one needs a privilege for it. */
const isTaken = (error: unknown) =>
  error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES')
