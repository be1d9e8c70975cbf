/** wsluice as built (`dist`), with policy on: every setting here is judged in every scenario. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { readText } from '../processes.ts'
import type { Peer, Site } from './peer.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const SECRET = 'a secret of the benchmark, of thirty-two bytes and more'

/** Parts of the policy that not every version serves: left out where `wsluice check` refuses them. */
const LATER = ['address', 'handshakes.perIp', 'messages.perIp'] as const
type Later = (typeof LATER)[number]

/** Of the process, by name. */
type Settings = Readonly<Record<string, unknown>>

const RATES = ['10000000/s', '100000000/min']

/**
 * The policy of the benchmark: no limit is low enough to be met. The windows are wide, so they are those that count in
 * groups, which cost what the exact ones cost (`npm run bench -- limits`).
 */
function policy(site: Site, settings: Settings, served: readonly Later[]): unknown {
  const has = (part: Later) => served.includes(part)
  const handshakes = has('handshakes.perIp') && { handshakes: { perIp: '100000000/min' } }
  const messages = { perConnection: RATES, ...(has('messages.perIp') && { perIp: RATES }) }
  const route = {
    name: 'bench',
    path: '/*',
    ...(has('address') && { address: { deny: ['203.0.113.0/24'] } }),
    token: { from: 'query:token', secretFile: 'secret', requiredClaims: ['exp', 'sub'] },
    limits: {
      connections: { perIp: 100_000 },
      messages,
      frameSize: '1MiB',
      messageSize: '1MiB',
      fragments: 1024,
      controlFrames: '100/s',
    },
    validateUtf8: true,
  }
  return {
    listen: `127.0.0.1:${site.port}`,
    upstream: `http://127.0.0.1:${site.upstream}`,
    ops: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    ...settings,
    limits: { connections: { total: 1_000_000 }, ...handshakes },
    routes: [route],
  }
}

/** Without references to what stands twice. */
export const asYaml = (configuration: unknown) => stringify(configuration, { aliasDuplicateObjects: false })

/** Whether `wsluice check` accepts a configuration. */
function isAccepted(site: Site, configuration: unknown): boolean {
  const file = write(site, configuration)
  return spawnSync(process.execPath, [MAIN, 'check', '--config', file], { stdio: 'ignore' }).status === 0
}

function write(site: Site, configuration: unknown): string {
  mkdirSync(site.folder, { recursive: true })
  writeFileSync(join(site.folder, 'secret'), SECRET, { mode: 0o600 })
  const file = join(site.folder, 'wsluice.yaml')
  writeFileSync(file, asYaml(configuration))
  return file
}

let served: readonly Later[] | undefined

/** The policy with all that this version serves of it (asked once), and settings of the process such as `wire`. */
export function fullPolicy(site: Site, settings: Settings = {}): unknown {
  served ??= LATER.filter((part) => isAccepted(site, policy(site, {}, [part])))
  return policy(site, settings, served)
}

/** Whether this version takes a setting of the process, such as `wire: fast`. */
export const takes = (folder: string, settings: Settings): boolean => {
  const site = { folder, port: 1, upstream: 2 }
  return isAccepted(site, policy(site, settings, []))
}

/** The path that carries a token signed with the secret of the policy: the same for every connection. */
export function pathWithToken(folder: string): string {
  const args = ['token', '--secret-file', join(folder, 'secret'), '--claim', 'sub=bench', '--ttl', '12h']
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`wsluice token: ${stderr.trim()}`)
  return `/bench?token=${stdout.trim()}`
}

const commit = () => spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout?.trim()

export const wsluice = (name: Pick<Peer, 'id' | 'label' | 'about'>, settings: Settings): Peer => ({
  ...name,
  version: () => {
    if (readText(MAIN) === '') throw new Error('wsluice is not built (npm run build)')
    const { version } = JSON.parse(readText(fileURLToPath(new URL('../../package.json', import.meta.url)))) as {
      version: string
    }
    return `${version} (${commit() || 'no commit'})`
  },
  program: (site) => ({
    command: process.execPath,
    args: [MAIN, 'start', '--config', write(site, fullPolicy(site, settings))],
  }),
})

/** wsluice with the wire it chooses. */
export const defaultWsluice = wsluice({ id: 'wsluice', label: 'wsluice', about: '' }, {})
