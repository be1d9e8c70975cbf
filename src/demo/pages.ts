/** The web server behind every site of the demo: the page, the frame, their script and style, attempts and log lines. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Attempt } from './attempt.ts'
import type { LogLine } from './log-book.ts'
import { frameHtml, pageHtml } from './page/html.ts'
import { SCRIPT } from './page/script.ts'
import { STYLE } from './page/style.ts'
import type { Places } from './places.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'
import { EMBEDDERS, hostOf, originOf, SITES, type Site } from './sites.ts'

export interface PagesOptions {
  readonly pagePort: number
  readonly places: Places
  readonly prepare: (scenario: Scenario) => Promise<Attempt>
  /** Log lines of the attempt with this nonce. */
  readonly linesOf: (nonce: string) => Promise<readonly LogLine[]>
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
  readonly policy?: string
}

type Respond = (query: URLSearchParams, host: string) => Answer | Promise<Answer>

const json = (value: unknown): Answer => ({ status: 200, type: 'application/json', body: JSON.stringify(value) })
const refuse = (status: number, text: string): Answer => ({ status, type: 'text/plain', body: `${text}\n` })

const NONCE = /^[\w-]{8,64}$/

/** Answers requests of the demo's sites, and of 127.0.0.1 and localhost, which show the page with a hint. */
export function createPages(options: PagesOptions): RequestListener {
  const { pagePort, prepare, linesOf } = options
  const responses: ReadonlyMap<string, Respond> = new Map<string, Respond>([
    ['/', (_, host) => page(options, host)],
    ['/frame', () => frame(options)],
    ['/demo.js', () => ({ status: 200, type: 'text/javascript', body: SCRIPT })],
    ['/demo.css', () => ({ status: 200, type: 'text/css', body: STYLE })],
    [
      '/attempt',
      async (query) => {
        const scenario = SCENARIOS.find(({ id }) => id === query.get('scenario'))
        return scenario ? json(await prepare(scenario)) : refuse(404, 'no such scenario')
      },
    ],
    [
      '/log',
      async (query) => {
        const nonce = query.get('nonce') ?? ''
        return NONCE.test(nonce) ? json(await linesOf(nonce)) : refuse(400, 'expected the nonce of an attempt')
      },
    ],
  ])
  const hosts = new Set([...SITES.map(hostOf), '127.0.0.1', 'localhost'].map((host) => `${host}:${pagePort}`))
  const answer = async ({ method, url = '', headers: { host = '' } }: IncomingMessage): Promise<Answer> => {
    if (!hosts.has(host)) return refuse(421, 'this is the demo of wsluice; it answers for its own hosts only')
    if (method !== 'GET' && method !== 'HEAD') return refuse(405, 'use GET')
    // Cut, not parsed: a URL made of the client's target may throw (trap 37).
    const [path = '', query] = url.split('?', 2)
    return (await responses.get(path)?.(new URLSearchParams(query), host)) ?? refuse(404, 'not found')
  }
  return (request, response) => {
    answer(request).then(
      (given) => send(response, given),
      () => send(response, refuse(500, 'the demo failed')),
    )
  }
}

function page({ pagePort, places }: PagesOptions, host: string): Answer {
  const isHome = places.page === `http://${host}/`
  const body = pageHtml({ scenarios: SCENARIOS, places, isHome, hosts: SITES.map(hostOf) })
  const frames = origins(SITES, pagePort)
  return html(body, `connect-src 'self' ${originOfProxy(places)}; frame-src ${frames}; frame-ancestors 'none'`)
}

function frame({ pagePort, places }: PagesOptions): Answer {
  const embedders = origins(EMBEDDERS, pagePort)
  const frames = origins(SITES, pagePort)
  const body = frameHtml(embedders.split(' '))
  return html(body, `connect-src ${originOfProxy(places)}; frame-src ${frames}; frame-ancestors ${embedders}`)
}

const originOfProxy = ({ chat }: Places) => new URL(chat).origin

const origins = (sites: readonly Site[], port: number) => sites.map((site) => originOf(site, port)).join(' ')

const html = (body: string, policy: string): Answer => ({ status: 200, type: 'text/html', body, policy })

const STRICT = "default-src 'none'; base-uri 'none'; form-action 'none'"
const DOCUMENT = `${STRICT}; script-src 'self'; style-src 'self'; img-src data:`

function send(response: ServerResponse, { status, type, body, policy }: Answer): void {
  response.writeHead(status, {
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(body),
    'Content-Security-Policy': policy === undefined ? STRICT : `${DOCUMENT}; ${policy}`,
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  })
  response.end(body)
}
