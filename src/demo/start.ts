/** Starts the whole demo on loopback: page, proxy, backend. */
import { randomBytes } from 'node:crypto'
import { formatProblem } from '../config/problems.ts'
import { type Running, start } from '../serve/start.ts'
import { mintDemoToken, prepareAttempt } from './attempt.ts'
import { createLogBook } from './log-book.ts'
import { createPages } from './pages.ts'
import { type Places, placesOf } from './places.ts'
import { loadPolicy } from './policy.ts'
import { above, wantedOrAny } from './ports.ts'
import { openServers, type Servers } from './servers.ts'

export interface DemoOptions {
  /** Of the page; those of the others follow it. Where one is in use it is any free one; 0: any. */
  readonly port: number
  /** Takes the proxy's log, a line at a time. */
  readonly write: (line: string) => void
  readonly version: string
  readonly nodeVersion: string
}

export interface Demo extends Pick<Running, 'cut' | 'reload' | 'held'> {
  readonly places: Places
  readonly pagePort: number
  /** A token that the policy admits on the customer's site, for an hour. */
  readonly token: string
  /** Drains the proxy and ends everything. */
  readonly stop: () => Promise<void>
}

/** How long the page waits for the last log line of an attempt. */
const LOG_WAIT_MS = 2000

/** Starts the demo. Rejects, with nothing left running, with a sentence that says what to do. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const servers = await openServers(options.port)
  const log = createLogBook()
  const write = (line: string) => {
    options.write(line)
    log.write(line)
  }
  const close = () => {
    log.close()
    servers.close()
  }
  try {
    const secret = randomBytes(48).toString('base64url')
    const running = await startProxy({ ...options, write }, servers, secret)
    const places = placesOf(servers, running.listeners)
    const minting = () => ({ secret, now: Date.now() })
    servers.show(
      createPages({
        pagePort: servers.pagePort,
        places,
        prepare: (scenario) => prepareAttempt(scenario, places.chat, { ...minting(), pagePort: servers.pagePort }),
        linesOf: (nonce) => log.linesOf(nonce, LOG_WAIT_MS),
      }),
    )
    const stop = async () => {
      await running.stop()
      close()
    }
    const { cut, reload, held } = running
    const token = await mintDemoToken('valid', minting())
    return { places, pagePort: servers.pagePort, token, stop, cut, reload, held }
  } catch (error) {
    close()
    throw error
  }
}

/** The proxy as `wsluice start` runs it, from the sample policy. */
async function startProxy(options: DemoOptions, servers: Servers, secret: string): Promise<Running> {
  const { port, ...rest } = options
  const ports = {
    page: servers.pagePort,
    backend: servers.backendPort,
    proxy: await wantedOrAny(above(port, 1)),
    ops: await wantedOrAny(above(port, 2)),
    admin: await wantedOrAny(above(port, 4)),
  }
  const load = () => loadPolicy(ports, secret)
  const loaded = load()
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'))
  return await start({ ...rest, loaded, load })
}
