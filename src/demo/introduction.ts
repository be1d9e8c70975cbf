/** What the terminal says first: where everything is, and three lines to try. */
import type { Places } from './places.ts'
import { originOf } from './sites.ts'

export interface IntroductionFacts {
  readonly places: Places
  readonly token: string
  readonly pagePort: number
  readonly policyFile: string
  /** How to run what is installed here. */
  readonly commands: Commands
}

/** The commands that a person types for Node and for wsluice. */
export interface Commands {
  readonly node: string
  readonly wsluice: string
}

/** The first Node whose WebSocket needs no flag. */
const NODE_WITH_WEBSOCKET = 22

/** @param install a checkout brings its own Node through npm. @param nodeVersion of this process, such as `v24.1.0` */
export function commandsFor(install: 'checkout' | 'package', nodeVersion: string): Commands {
  if (install === 'checkout') return { node: 'npx node', wsluice: 'npm start --silent --' }
  const major = Number(/^v(\d+)/.exec(nodeVersion)?.[1])
  return { node: major < NODE_WITH_WEBSOCKET ? 'node --experimental-websocket' : 'node', wsluice: 'npx wsluice' }
}

export function introduction({ places, token, pagePort, policyFile, commands }: IntroductionFacts): string {
  const from = `{ headers: { Origin: '${originOf('app', pagePort)}' } }`
  const talk = "s.onopen = () => s.send('hello'); s.onmessage = (m) => { console.log(m.data); s.close() }"
  const read = 'onclose = (e) => console.log(e.code, e.reason)'
  return `wsluice demo, on this machine only. Ctrl-C ends it.

  page         ${places.page}   (${places.plainPage} if your browser does not find it)
  proxy        ${places.chat}
  backend      ${places.backend}
  metrics      ${places.metrics}
  connections  ${places.connections}
  policy       ${policyFile}   (edit it: it is read again)

Three lines to try in another terminal: a client with a token, one without, and why a foreign Origin is refused.

${commands.node} -e "const s = new WebSocket('${places.chat}?site_token=${token}', ${from}); ${talk}"

${commands.node} -e "new WebSocket('${places.chat}', ${from}).${read}"

WS_ALLOWED_ORIGINS=${originOf('app', pagePort)} ${commands.wsluice} explain --upstream ${places.backend} --url ${places.chat} --header 'Origin: ${originOf('evil', pagePort)}'

The proxy's log:
`
}
