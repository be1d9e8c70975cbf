/** caddy as a blind tunnel on one processor. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Peer, type Site, versionOf } from './peer.ts'

const configuration = ({ port, upstream }: Site) => `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${upstream}
}
`

export const caddy: Peer = {
  id: 'caddy',
  label: 'caddy',
  about: 'a blind tunnel, GOMAXPROCS=1',
  debian: 'caddy',
  version: () => versionOf('caddy', ['version']),
  program: (site) => {
    const file = join(site.folder, 'Caddyfile')
    mkdirSync(site.folder, { recursive: true })
    writeFileSync(file, configuration(site))
    const env = { GOMAXPROCS: '1', HOME: site.folder, XDG_DATA_HOME: site.folder, XDG_CONFIG_HOME: site.folder }
    return { command: 'caddy', args: ['run', '--adapter', 'caddyfile', '--config', file], env }
  },
}
