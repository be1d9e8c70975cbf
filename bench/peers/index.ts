/** The proxies that are measured beside wsluice, and wsluice itself with each of its wires. */
import { caddy } from './caddy.ts'
import { haproxy } from './haproxy.ts'
import { httpProxy3, ws } from './libraries.ts'
import { nginx, nginxBuffers, nginxLua } from './nginx.ts'
import type { Peer } from './peer.ts'
import { takes, wsluice } from './wsluice.ts'

const ABOUT = 'every frame judged; token, limits, UTF-8 as its configuration says'

/** Those of others, in the order of the tables. */
export const RIVALS: readonly Peer[] = [nginx, nginxBuffers, nginxLua, haproxy, caddy, httpProxy3, ws]

/** All that are measured. `folder` is scratch space. */
export const peers = (folder: string): readonly Peer[] => [...RIVALS, ...ours(folder)]

function ours(folder: string): Peer[] {
  const first = { id: 'wsluice', label: 'wsluice', about: ABOUT }
  if (!takes(folder, { wire: 'portable' })) return [wsluice(first, {})]
  const second = { id: 'wsluice-portable', label: 'wsluice, portable wire', about: ABOUT }
  const third = { id: 'wsluice-workers', label: 'wsluice, 2 workers', about: ABOUT }
  return [
    wsluice(first, { wire: 'fast' }),
    wsluice(second, { wire: 'portable' }),
    wsluice(third, { wire: 'fast', workers: 2 }),
  ]
}
