/** haproxy as a blind tunnel on one thread; it takes as many connections as the file limit allows. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Peer, type Site, versionOf } from './peer.ts'

const configuration = ({ port, upstream }: Site) => `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
frontend in
  bind 127.0.0.1:${port} backlog 4096
  default_backend out
backend out
  server echo 127.0.0.1:${upstream}
`

export const haproxy: Peer = {
  id: 'haproxy',
  label: 'haproxy',
  about: 'a blind tunnel, one thread',
  debian: 'haproxy',
  version: () => versionOf('haproxy', ['-v']),
  program: (site) => {
    const file = join(site.folder, 'haproxy.cfg')
    mkdirSync(site.folder, { recursive: true })
    writeFileSync(file, configuration(site))
    return { command: 'haproxy', args: ['-db', '-f', file] }
  },
}
