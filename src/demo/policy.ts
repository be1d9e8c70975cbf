/** The sample policy: the file that ships with wsluice, read by the proxy's own loader. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type LoadResult, loadConfig } from '../config/load.ts'
import { readFile } from '../config/read-file.ts'

/** The same place from the sources and from the build. */
export const POLICY_FILE = fileURLToPath(new URL('../../config/demo.yaml', import.meta.url))

/** What the file names as its secret; only memory holds it. */
const SECRET_FILE = join(dirname(POLICY_FILE), 'demo-secret')

/** The page's origins, as the file has them. */
const WRITTEN_ORIGIN = /(\.localhost):8088\b/g

/** Ports of 127.0.0.1; of the proxy's own three, 0 is any. */
export interface Ports {
  readonly page: number
  readonly backend: number
  readonly proxy: number
  readonly ops: number
  readonly admin: number
}

/** Loads the policy for these ports; the variables of the shell that runs the demo have no part in it. */
export function loadPolicy(ports: Ports, secret: string): LoadResult {
  return loadConfig({
    env: {
      WS_LISTEN: `127.0.0.1:${ports.proxy}`,
      WS_OPS_LISTEN: `127.0.0.1:${ports.ops}`,
      WS_ADMIN_LISTEN: `127.0.0.1:${ports.admin}`,
      WS_UPSTREAM: `http://127.0.0.1:${ports.backend}`,
    },
    flags: { config: POLICY_FILE },
    cwd: dirname(POLICY_FILE),
    readFile: (path) => {
      if (path === SECRET_FILE) return secret
      return readFile(path).replace(WRITTEN_ORIGIN, `$1:${ports.page}`)
    },
  })
}
