/** Binds a server to an address. */
import { rmSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { formatListen, type Listen } from '../settings/listen.ts'

/** Listens; resolves to the address in use, the port filled in. Rejects with a sentence that says what to do. */
export async function listen(server: Server, address: Listen): Promise<string> {
  if ('path' in address) await removeStale(address.path)
  try {
    await bind(server, address)
  } catch (error) {
    throw new Error(`cannot listen on ${formatListen(address)}: ${sentence(error)}`)
  }
  const bound = server.address()
  if (typeof bound === 'string' || bound === null) return formatListen(address)
  return formatListen({ ...address, port: bound.port })
}

function bind(server: Server, address: Listen): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(address, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** The file of a unix socket outlives a process that was killed: removed where nobody answers. */
function removeStale(path: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') rmSync(path, { force: true })
      resolve()
    })
  })
}

function sentence(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return 'the address is in use; stop what uses it, or choose another'
  if (code === 'EACCES') return 'permission denied; ports below 1024 need a privilege'
  if (code === 'EADDRNOTAVAIL') return 'this machine has no such address'
  return error instanceof Error ? error.message : 'failed'
}
