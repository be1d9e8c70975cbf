/** Debian's nginx: one process, as the user who runs the test, all its files in a folder of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, startChild } from '../../support/children.ts'

export interface NginxBlocks {
  /** `server` blocks of `http`. */
  readonly http: readonly string[]
  /** `server` blocks of `stream`, a module of its own. */
  readonly stream?: readonly string[]
}

/** Starts it; resolves when it listens. */
export async function startNginx(blocks: NginxBlocks): Promise<Pick<Child, 'stop'>> {
  const folder = mkdtempSync(join(tmpdir(), 'wsluice-nginx-'))
  writeFileSync(join(folder, 'nginx.conf'), configuration(blocks))
  const child = startChild('/usr/sbin/nginx', ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'])
  await child.says(/start worker processes|using the "epoll" event method/)
  return {
    stop: async () => {
      await child.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

const configuration = ({ http, stream }: NginxBlocks) => `
${stream ? 'load_module /usr/lib/nginx/modules/ngx_stream_module.so;' : ''}
daemon off;
master_process off;
pid nginx.pid;
error_log stderr notice;
events {}
${stream ? `stream {\n${stream.join('')}\n}` : ''}
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  client_max_body_size 0;
  ${http.join('')}
}`

/** A `server` that passes upgrades on, with what it says of the client. */
export const upgrading = (port: number, to: number, says: string) => `
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${to};
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      ${says}
    }
  }`

/** What most deployments say: the client behind what the client said. */
export const FORWARDED_FOR = 'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;'
