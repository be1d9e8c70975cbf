/** The metrics, read by those they are for: promtool's checks, and a Prometheus that scrapes and answers queries. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { WebSocket } from 'ws'
import { mintToken } from '../../src/tokens/mint.ts'
import { type Child, startChild } from '../support/children.ts'
import { closedPort } from '../support/pass.ts'
import { startTestProxy, type TestProxy } from '../support/proxy.ts'
import type { Backend } from './backends/backend.ts'
import { wsBackend } from './backends/ws.ts'

const SECRET = 'a-secret-of-these-tests-forty-bytes-long'
/** A label that a client chooses. */
const HOSTILE = 'https://evil.example/"} 1\\'

let backend: Backend
let proxy: TestProxy
let prometheus: Child | undefined
let folder: string

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wsluice-prometheus-'))
  backend = await wsBackend('off')
  proxy = await startTestProxy({
    yaml: `
upstream: http://127.0.0.1:${backend.port}
routes:
  - { name: open, path: /open, limits: { messages: { perConnection: 2/min } } }
  - { name: closed, path: /closed, origin: { allow: ["https://app.example.com"] } }
  - { name: reported, path: /reported, mode: dry-run, origin: { allow: ["https://app.example.com"] } }
  - { name: widget, path: /widget, token: { secret: ${SECRET} }, domains: { iframeHosts: [widget.example.com] } }
  - { name: gone, path: /gone, upstream: "http://127.0.0.1:${await closedPort()}" }`,
  })
  const claims = { sub: 'ada', allowed_domains: ['app.example.com'] }
  const token = await mintToken({ secret: SECRET, claims, ttlSeconds: 60, now: Date.now() })
  const paths = ['/open', '/closed', '/reported', '/gone', '/nowhere', `/widget?token=${token}`]
  for (const path of paths) await converse(path)
})

after(async () => {
  await prometheus?.stop()
  await proxy?.stop()
  await backend?.stop()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

async function converse(path: string): Promise<void> {
  const socket = new WebSocket(proxy.url(path), { origin: HOSTILE })
  socket.on('message', () => socket.close(1000))
  socket.on('open', () => {
    for (const text of ['one', 'two', 'three']) socket.send(text)
  })
  await once(socket, 'close')
}

const metrics = async () => await (await fetch(`http://${proxy.ops}/metrics`)).text()

const LIMIT = { timeout: 30_000 }

test('promtool has nothing to say against them', LIMIT, async () => {
  const child = startChild('promtool', ['check', 'metrics'])
  child.process.stdin?.end(await metrics())
  const [code] = await once(child.process, 'close')
  assert.deepEqual([code, child.said], [0, []])
})

test('each kind of traffic left its trace', LIMIT, async () => {
  const text = await metrics()
  for (const series of [
    'ws_connections_total{route="open",type="direct",result="success"} 1',
    'ws_connections_total{route="closed",type="direct",result="rejected"} 1',
    'ws_connections_total{route="reported",type="direct",result="would_reject"} 1',
    'ws_connections_total{route="gone",type="direct",result="upstream_error"} 1',
    'ws_connections_total{route="none",type="direct",result="rejected"} 1',
    'ws_connections_total{route="widget",type="direct",result="rejected"} 1',
    'ws_forbidden_domain_total{code="4003",origin="https://evil.example/\\"} 1\\\\"} 1',
  ]) {
    assert.ok(text.includes(`${series}\n`), `${series} is not in\n${text}`)
  }
})

test('Prometheus scrapes them and answers a query', LIMIT, async () => {
  const port = await closedPort()
  const scrape = { job_name: 'wsluice', static_configs: [{ targets: [proxy.ops] }] }
  // JSON is YAML.
  const configuration = { global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: [scrape] }
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(configuration))
  prometheus = startChild('prometheus', [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ])
  await prometheus.says(/Server is ready to receive web requests/)
  const found = await query(port, 'sum by (result) (ws_connections_total)')
  assert.deepEqual(found, { success: '1', rejected: '3', would_reject: '1', upstream_error: '1' })
})

/** What the query API answers with. */
interface Answer {
  readonly data: { readonly result: readonly { metric: { result: string }; value: [number, string] }[] }
}

/** The values by `result`, asked again until the first scrape was made; the test's own time limit bounds it. */
async function query(port: number, expression: string): Promise<Record<string, string>> {
  for (;;) {
    const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`
    const { data } = (await (await fetch(url)).json()) as Answer
    if (data.result.length > 0)
      return Object.fromEntries(data.result.map(({ metric, value }) => [metric.result, value[1]]))
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
