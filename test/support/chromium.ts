/** Headless Chromium, and a blank page on any `*.localhost` name for it to stand on. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type Browser, chromium, type Frame, type Page } from 'playwright-core'
import { portOf } from './raw.ts'

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface Pages {
  readonly browser: Browser
  /** The origin of a site, `http://NAME.localhost:PORT`. */
  readonly origin: (name: string) => string
  /** Opens a blank page of a site. */
  readonly open: (name: string) => Promise<Page>
  /** Opens a page of the site `outer` with a frame in which a blank page of `inner` stands. */
  readonly embed: (outer: string, inner: string) => Promise<Frame>
  /** What the pages complained about in their consoles so far. */
  readonly complaints: readonly string[]
  readonly stop: () => Promise<void>
}

/** Starts Debian's Chromium; it ends with this process at the latest. */
export const launchChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGS, timeout: 30_000 })

/** Starts Chromium and a server of blank pages. */
export async function startPages(): Promise<Pages> {
  const server = createServer((request, response) => {
    const isIcon = request.url === '/favicon.ico'
    const inner = /^\/embed\/([a-z]+)$/.exec(request.url ?? '')?.[1]
    const frame = inner === undefined ? '' : `<iframe src="${origin(inner)}"></iframe>`
    const page = `<!doctype html><title>blank</title>${frame}`
    response.writeHead(isIcon ? 204 : 200, { 'Content-Type': 'text/html' }).end(isIcon ? '' : page)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  const origin = (name: string) => `http://${name}.localhost:${port}`
  const browser = await launchChromium()
  const complaints: string[] = []
  const open = async (url: string) => {
    const page = await browser.newPage()
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(url)
    return page
  }
  return {
    browser,
    origin,
    complaints,
    open: (name) => open(origin(name)),
    embed: async (outer, inner) => {
      const page = await open(`${origin(outer)}/embed/${inner}`)
      const frame = page.frames().find((one) => one.url().startsWith(origin(inner)))
      if (!frame) throw new Error(`no frame of ${inner}`)
      return frame
    },
    stop: async () => {
      await browser.close()
      server.closeAllConnections()
      server.close()
    },
  }
}
