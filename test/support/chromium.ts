/** Headless Chromium, and a blank page on any `*.localhost` name for it to stand on. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type Browser, chromium, type Page } from 'playwright-core'
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
  readonly stop: () => Promise<void>
}

/** Starts Debian's Chromium; it ends with this process at the latest. */
export const launchChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGS, timeout: 30_000 })

/** Starts Chromium and a server of blank pages. */
export async function startPages(): Promise<Pages> {
  const server = createServer((request, response) => {
    const isIcon = request.url === '/favicon.ico'
    response.writeHead(isIcon ? 204 : 200, { 'Content-Type': 'text/html' }).end(isIcon ? '' : BLANK)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  const origin = (name: string) => `http://${name}.localhost:${port}`
  const browser = await launchChromium()
  return {
    browser,
    origin,
    open: async (name) => {
      const page = await browser.newPage()
      await page.goto(origin(name))
      return page
    },
    stop: async () => {
      await browser.close()
      server.closeAllConnections()
      server.close()
    },
  }
}

const BLANK = '<!doctype html><title>blank</title>'
