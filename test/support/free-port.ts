/** A port for a program that cannot be told to choose one itself. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { portOf } from './raw.ts'

/** A port of 127.0.0.1 that nothing listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  server.close()
  await once(server, 'close')
  return port
}
