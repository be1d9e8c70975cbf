/** Where to find what the demo runs. */
import type { Listeners } from '../serve/listeners.ts'
import type { Servers } from './servers.ts'
import { originOf } from './sites.ts'

/** URLs. */
export interface Places {
  readonly page: string
  /** Shows the page, with a hint, where `*.localhost` is not found. */
  readonly plainPage: string
  /** What WebSocket clients connect to, without a query. */
  readonly chat: string
  readonly backend: string
  readonly metrics: string
  readonly connections: string
}

export const placesOf = (servers: Pick<Servers, 'pagePort' | 'backendPort'>, listeners: Listeners): Places => ({
  page: `${originOf('app', servers.pagePort)}/`,
  plainPage: `http://127.0.0.1:${servers.pagePort}/`,
  chat: `ws://${listeners.listen}/chat`,
  backend: `http://127.0.0.1:${servers.backendPort}/`,
  metrics: `http://${listeners.ops}/metrics`,
  connections: `http://${listeners.admin}/api/connections`,
})
