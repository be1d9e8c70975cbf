/** Debian's haproxy, its file in a folder of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, startChild } from '../../support/children.ts'

export interface Listening {
  readonly port: number
  /** Where it passes on to, on 127.0.0.1. */
  readonly to: number
  readonly mode: 'http' | 'tcp'
  /** What the `server` line ends in, such as `send-proxy`. */
  readonly server?: string
  /** Lines beside. */
  readonly more?: readonly string[]
}

/** Starts it; resolves when it listens. */
export async function startHaproxy(listening: readonly Listening[]): Promise<Pick<Child, 'stop'>> {
  const folder = mkdtempSync(join(tmpdir(), 'wsluice-haproxy-'))
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(file, configuration(listening))
  const child = startChild('/usr/sbin/haproxy', ['-db', '-f', file])
  for (const { port } of listening) await accepts(port, child)
  return {
    stop: async () => {
      await child.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

const configuration = (listening: readonly Listening[]) => `
defaults
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
${listening.map(section).join('\n')}
`

const section = ({ port, to, mode, server = '', more = [] }: Listening) => `
listen port${port}
  mode ${mode}
  bind 127.0.0.1:${port}
  ${more.join('\n  ')}
  server wsluice 127.0.0.1:${to} ${server}`

/** It says nothing when it is ready. */
async function accepts(port: number, child: Child): Promise<void> {
  const end = performance.now() + 10_000
  while (!(await isOpen(port))) {
    if (performance.now() > end) throw new Error(`haproxy does not listen:\n${child.said.join('\n')}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const isOpen = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
