/** nginx three times: as a blind tunnel by default, with larger buffers, and with Lua that judges every client frame. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { type Peer, type Site, versionOf } from './peer.ts'

const LUA_MODULES = ['ndk_http_module.so', 'ngx_http_lua_module.so']
const JUDGE = fileURLToPath(new URL('judge.lua', import.meta.url))

const BUFFERS = 'proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k;'

const tunnel = (site: Site, more = '') => `
      proxy_pass http://127.0.0.1:${site.upstream};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
      ${more}`

const judged = (site: Site) => `
      set $upstream_port ${site.upstream};
      content_by_lua_file ${JUDGE};`

export const nginx = peer({ id: 'nginx', label: 'nginx', about: 'a blind tunnel, buffers by default' }, tunnel)

export const nginxBuffers = peer(
  { id: 'nginx-64k', label: 'nginx, 64 KiB buffers', about: 'a blind tunnel, proxy_buffer_size 64k' },
  (site) => tunnel(site, BUFFERS),
)

const about = 'judges frames: header, size, messages per second and per minute (bench/peers/judge.lua); no UTF-8 check'
export const nginxLua: Peer = {
  ...peer({ id: 'nginx-lua', label: 'nginx + Lua', about }, judged, loadLua),
  debian: 'libnginx-mod-http-lua',
  version: () => {
    loadLua()
    return versionOf('nginx', ['-v'])
  },
}

function peer(name: Pick<Peer, 'id' | 'label' | 'about'>, location: (site: Site) => string, head = () => ''): Peer {
  return {
    ...name,
    debian: 'nginx-light',
    version: () => versionOf('nginx', ['-v']),
    program: (site) => {
      const file = join(site.folder, 'nginx.conf')
      mkdirSync(site.folder, { recursive: true })
      writeFileSync(file, configuration(site, location(site), head()))
      return { command: 'nginx', args: ['-c', file, '-p', site.folder, '-e', join(site.folder, 'error.log')] }
    },
  }
}

const configuration = (site: Site, location: string, head: string) => `${head}
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log;
events { worker_connections 20000; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {
    listen 127.0.0.1:${site.port} backlog=4096;
    location / {${location}
    }
  }
}
`

/** The lines that load the Lua module, found where this nginx looks for modules. Throws where it is missing. */
function loadLua(): string {
  const { stderr } = spawnSync('nginx', ['-V'], { encoding: 'utf8' })
  const folder = /--modules-path=(\S+)/.exec(stderr ?? '')?.[1] ?? '/usr/lib/nginx/modules'
  const files = LUA_MODULES.map((name) => join(folder, name))
  if (!files.every((file) => existsSync(file))) throw new Error("nginx's Lua module is not installed")
  return files.map((file) => `load_module ${file};`).join('\n')
}
