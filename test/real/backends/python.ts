/** Backends in Python: `websockets` on its own, and FastAPI on uvicorn. */
import { fileURLToPath } from 'node:url'
import { type Child, PYTHON, startChild } from '../../support/children.ts'
import { type Backend, createEnds, type NamedEnd } from './backend.ts'

const FOLDER = fileURLToPath(new URL('../python/', import.meta.url))

/** @param compression whether permessage-deflate is accepted */
export async function websocketsBackend(compression: 'on' | 'off'): Promise<Backend> {
  const child = startChild(PYTHON, ['backend.py', compression], { cwd: FOLDER })
  return await backendOf('Python', child, /"port": (\d+)/)
}

/** @param compression whether permessage-deflate is accepted */
export async function uvicornBackend(compression: 'on' | 'off'): Promise<Backend> {
  const flags = [
    '--ws',
    'websockets',
    '--ws-max-size',
    '67108864',
    '--ws-per-message-deflate',
    String(compression === 'on'),
  ]
  const args = ['-m', 'uvicorn', 'app:app', '--host', '127.0.0.1', '--port', '0', ...flags]
  const child = startChild(PYTHON, args, { cwd: FOLDER })
  return await backendOf('uvicorn', child, /running on http:\/\/127\.0\.0\.1:(\d+)/)
}

async function backendOf(name: string, child: Child, port: RegExp): Promise<Backend> {
  const ends = createEnds()
  child.onLine((line) => {
    // Uvicorn logs on stderr and its access log on stdout: only lines of JSON are the app's.
    if (line.startsWith('{"name"')) ends.add(JSON.parse(line) as NamedEnd)
  })
  const [, found] = await child.says(port)
  return { name, port: Number(found), pings: name === 'Python', endOf: ends.endOf, stop: child.stop }
}
