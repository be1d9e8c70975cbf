/**
 * Where the snippets of one document run, in its order: a folder that looks like a checkout, with the files and secrets they
 * name; a backend; and a proxy with the latest configuration above. `127.0.0.1:8000` and the default listeners stand for
 * what runs on free ports.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { mintToken } from '../../src/tokens/mint.ts'
import { echoBackend } from '../support/backend.ts'
import { until } from '../support/crew.ts'
import { ON_LOOPBACK } from '../support/process.ts'
import { SECRET } from '../tokens/signing.ts'
import { furnish, place } from './checkout.ts'

const BOUND_MS = 30_000

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

interface Started {
  readonly listeners: Readonly<Record<string, string>>
  readonly child: ChildProcess
  readonly lines: readonly Readonly<Record<string, unknown>>[]
  readonly stop: () => Promise<void>
}

export class Workspace {
  readonly folder: string
  readonly #upstream: string
  readonly #token: string
  readonly #env: Readonly<Record<string, string>>
  #running: Started | undefined
  /** Programs that the document shows: they speak to the proxy, whose address is known later. */
  readonly #programs = new Map<string, string>()
  /** What the proxy runs with, where it is not running yet. */
  #configuration: string | undefined

  private constructor(folder: string, upstream: string, token: string, env: Readonly<Record<string, string>>) {
    this.folder = folder
    this.#upstream = upstream
    this.#token = token
    this.#env = env
  }

  static async open(t: TestContext): Promise<Workspace> {
    const folder = mkdtempSync(join(tmpdir(), 'wsluice-docs-'))
    const { upstream } = await echoBackend(t)
    const issued = { iss: 'https://id.example.com', aud: 'chat', jti: 't-1' }
    const claims = { ...issued, sub: 'ann', tenant: 'acme', dialog_id: '7', allowed_domains: ['app.example.com'] }
    const token = await mintToken({ secret: SECRET, claims, ttlSeconds: 3600, now: Date.now() })
    const { HOME = '', PATH = '' } = process.env
    const path = [join(folder, 'bin'), dirname(process.execPath), PATH].join(delimiter)
    const space = new Workspace(folder, upstream, token, { HOME, PATH: path, TOKEN: token, ...ON_LOOPBACK })
    furnish(folder)
    t.after(async () => {
      await space.stop()
      rmSync(folder, { recursive: true, force: true })
    })
    return space
  }

  write(name: string, text: string): void {
    place(join(this.folder, name), this.local(text))
    if (/\.m?js$/.test(name)) this.#programs.set(name, text)
  }

  /** From here on the proxy runs with this. */
  async configure(yaml: string): Promise<void> {
    await this.stop()
    this.#configuration = yaml
  }

  /** Runs commands; the proxy runs where they speak to it. */
  async run(commands: string): Promise<Ran> {
    if (/\bcurl\b|\bnode\b|\bwsluice (?:drain|health)\b/.test(commands)) await this.#proxy()
    for (const [name, text] of this.#programs) place(join(this.folder, name), this.local(text))
    return await this.#spawned(this.local(commands))
  }

  /** Runs a command that starts the proxy; it goes on until another takes its place. */
  async start(command: string): Promise<void> {
    await this.stop()
    this.#running = await this.#begin(command)
  }

  /** Runs a program of a page, `https://app.example.com` or one that it embeds; how its handshakes were judged. */
  async visit(program: string, origin = PAGE): Promise<unknown[]> {
    const { listeners, lines } = await this.#proxy()
    const place = listeners.listen ?? ''
    const local = (url: string | URL) => String(url).replace(/^wss?:\/\/[^/]+/, `ws://${place}`)
    const headers = { Origin: origin }
    const opened: WebSocket[] = []
    class PageSocket extends WebSocket {
      constructor(url: string | URL, protocols: string | string[] = []) {
        super(local(url), { protocols, headers })
        opened.push(this)
      }
    }
    const ask = (url: string, init: RequestInit = {}) =>
      fetch(new URL(url, `http://${place}`), { ...init, headers: { ...init.headers, ...headers } })
    const before = decided(lines).length
    const location = { ancestorOrigins: origin === PAGE ? [] : [PAGE] }
    await execute(program, { WebSocket: PageSocket, fetch: ask, token: this.#token, location })
    const judged = await until(() => {
      const all = decided(lines).slice(before)
      return all.length >= opened.length ? all : undefined
    })
    for (const socket of opened) socket.close()
    return judged.map(({ outcome }) => outcome)
  }

  async stop(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    await running?.stop()
  }

  async #proxy(): Promise<Started> {
    if (this.#running && this.#running.child.exitCode === null) return this.#running
    if (this.#configuration === undefined) throw new Error('no configuration stands above what runs here')
    this.write('current.yaml', this.#configuration)
    this.#running = await this.#begin('wsluice --config current.yaml')
    return this.#running
  }

  /** A process group of its own: npm and the shell have children. */
  async #begin(commands: string): Promise<Started> {
    const { child, lines, ended, said } = this.#group(this.local(commands))
    const stop = async () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
      await ended
    }
    const listening = until(() => {
      if (child.exitCode !== null) throw new Error(`${commands} ended:\n${said()}`)
      return lines.find(({ event }) => event === 'started')
    }, BOUND_MS)
    const started = await listening.catch(async (error: unknown) => {
      await stop()
      throw error
    })
    // What observe logs of `started`: listeners by setting.
    return { listeners: started.listeners as Record<string, string>, child, lines, stop }
  }

  #group(commands: string) {
    const child = spawn('/bin/sh', ['-euc', commands], {
      cwd: this.folder,
      env: { ...this.#env, WS_UPSTREAM: this.#upstream },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const lines: Record<string, unknown>[] = []
    let said = ''
    createInterface({ input: child.stdout }).on('line', (line) => {
      said += `${line}\n`
      if (line.startsWith('{')) lines.push(JSON.parse(line))
    })
    child.stderr.on('data', (text) => {
      said += String(text)
    })
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
    return { child, lines, ended, said: () => said }
  }

  async #spawned(commands: string): Promise<Ran> {
    const { ops = '', admin = '' } = this.#running?.listeners ?? {}
    const places = this.#running ? { WS_CONFIG: 'current.yaml', WS_OPS_LISTEN: ops, WS_ADMIN_LISTEN: admin } : {}
    const child = spawn('/bin/sh', ['-euc', commands], {
      cwd: this.folder,
      env: { ...this.#env, ...places },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: BOUND_MS,
    })
    let [out, err] = ['', '']
    child.stdout.on('data', (text) => {
      out += String(text)
    })
    child.stderr.on('data', (text) => {
      err += String(text)
    })
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
    return { code, out, err }
  }

  /** A text with the addresses of the documents replaced by those of this folder. */
  local(text: string): string {
    const { listen, ops, admin } = this.#running?.listeners ?? {}
    return text
      .replaceAll('http://127.0.0.1:8000', this.#upstream)
      .replaceAll(/(?:127\.0\.0\.1|localhost):8080/g, (all) => listen ?? all)
      .replaceAll(/(?:127\.0\.0\.1|localhost):9464/g, (all) => ops ?? all)
      .replaceAll(/(?:127\.0\.0\.1|localhost):9465/g, (all) => admin ?? all)
  }
}

const PAGE = 'https://app.example.com'

const decided = (lines: Started['lines']) => lines.filter(({ event }) => event === 'decided')

/** Runs a program as a module would run, with these names. */
async function execute(program: string, names: Readonly<Record<string, unknown>>): Promise<void> {
  // The constructor of asynchronous functions has no name of its own.
  const AsyncFunction = (async () => {}).constructor as new (
    ...parts: string[]
  ) => (...given: unknown[]) => Promise<void>
  await new AsyncFunction(...Object.keys(names), program)(...Object.values(names))
}
