/** The two sides of a pair, run in front of the same backends. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { closedPort } from '../../support/pass.ts'
import { startTestProxy } from '../../support/proxy.ts'
import { FIRST } from '../../support/tls/certificates.ts'
import { startNginx } from '../balancers/nginx.ts'
import { type PairBackend, startPairBackend } from './backend.ts'
import { INCLUDED, MAP, type Pair } from './pairs.ts'

export const SECRET = 'a secret of these tests, forty bytes long'

/** One of the two programs, as a client finds it. */
export interface Side {
  readonly name: 'nginx' | 'wsluice'
  readonly port: number
  /** What it has written to its log of what it would have refused, in the words of the document. */
  readonly wouldHave: () => string
}

export interface Sides {
  readonly sides: readonly Side[]
  /** The backends that stand on 8001 and 8002 in the document. */
  readonly group: readonly PairBackend[]
  readonly stop: () => Promise<void>
}

/** The network that the document calls 10.0.0.0/8 is the address from which clients connect unless they say another. */
const INSIDE = '127.0.0.1/32'

/** Starts both sides of a pair, with the ports, addresses and files of this machine, and a second for a minute. */
export async function startSides(pair: Pair): Promise<Sides> {
  const folder = mkdtempSync(join(tmpdir(), 'wsluice-pair-'))
  const [backend, ...group] = await Promise.all([startPairBackend(), startPairBackend(), startPairBackend()])
  const ports = [backend, ...group].map(({ port }) => port)
  const here = (text: string) =>
    text
      .replace(/127\.0\.0\.1:800([012])/g, (_, digit) => `127.0.0.1:${ports[Number(digit)]}`)
      .replaceAll('10.0.0.0/8', INSIDE)
      .replaceAll('60s', '1s')
  const nginx = await nginxSide(here(pair.nginx), folder)
  const wsluice = await wsluiceSide(here(pair.yaml))
  return {
    sides: [nginx, wsluice],
    group,
    stop: async () => {
      await Promise.all([nginx, wsluice, backend, ...group].map((part) => part.stop()))
      rmSync(folder, { recursive: true })
    },
  }
}

async function nginxSide(text: string, folder: string) {
  const port = await closedPort()
  const log = join(folder, 'error.log')
  const cert = join(folder, 'cert.pem')
  const key = join(folder, 'key.pem')
  writeFileSync(cert, FIRST.cert)
  writeFileSync(key, FIRST.key)
  const block = text
    .replace(/listen 8080( ssl)?;/, `listen 127.0.0.1:${port}$1; error_log ${log} notice;`)
    .replaceAll('include websocket.conf;', INCLUDED)
    .replace('tls/cert.pem', cert)
    .replace('tls/key.pem', key)
  const map = block.includes(MAP) ? '' : MAP
  const { stop } = await startNginx({ http: [map, '\n', block] })
  const wouldHave = () => distinct(readFileSync(log, 'utf8').match(/limiting \w+, dry run/g) ?? [])
  return { name: 'nginx', port, stop, wouldHave } as const
}

async function wsluiceSide(yaml: string) {
  const files = { '/test/secrets/hs256': SECRET, '/test/tls/cert.pem': FIRST.cert, '/test/tls/key.pem': FIRST.key }
  const { port, stop, logs } = await startTestProxy({ yaml, files })
  const wouldHave = () => distinct(logs.filter(({ outcome }) => outcome === 'would_reject').flatMap(reasonsIn))
  return { name: 'wsluice', port, stop, wouldHave } as const
}

/** Several findings are listed, one stands in the line itself. */
function reasonsIn({ reason, findings }: Readonly<Record<string, unknown>>): string[] {
  return Array.isArray(findings) ? findings.map((finding) => String(finding.reason)) : [String(reason)]
}

const distinct = (words: readonly string[]) => [...new Set(words)].sort((a, b) => a.localeCompare(b)).join(' ')
