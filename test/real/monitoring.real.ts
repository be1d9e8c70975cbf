/** The alerts and the dashboard: by promtool, and by a Prometheus that scrapes a proxy with traffic. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { WebSocket } from 'ws'
import { parse } from 'yaml'
import { METRICS } from '../../src/observe/metric-names.ts'
import { mintToken } from '../../src/tokens/mint.ts'
import { type Child, startChild } from '../support/children.ts'
import { closedPort } from '../support/pass.ts'
import { startTestProxy, type TestProxy } from '../support/proxy.ts'
import type { Backend } from './backends/backend.ts'
import { wsBackend } from './backends/ws.ts'

const ROOT = join(import.meta.dirname, '../..')
const RULES = join(ROOT, 'config/prometheus/rules.yaml')
const SECRET = 'a-secret-of-these-tests-forty-bytes-long'

interface Rule {
  readonly alert: string
  readonly expr: string
}
interface Panel {
  readonly title: string
  readonly targets?: readonly { readonly expr: string }[]
}
interface Dashboard {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly query: string | { readonly query: string } }[] }
}

const read = (path: string) => readFileSync(path, 'utf8')
// Our own files.
const dashboard = JSON.parse(read(join(ROOT, 'config/grafana/wsluice.json'))) as Dashboard
const { groups } = parse(read(RULES)) as { groups: { rules: Rule[] }[] }
const rules = groups.flatMap((group) => group.rules)
const panelQueries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => [title, expr] as const),
)

const LIMIT = { timeout: 120_000 }

let backend: Backend
let proxy: TestProxy
let prometheus: Child | undefined
let folder: string
let port: number

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wsluice-monitoring-'))
  backend = await wsBackend('off')
  proxy = await startTestProxy({
    yaml: `
upstream: http://127.0.0.1:${backend.port}
routes:
  - { name: open, path: /open, limits: { handshakes: { perIp: 10000/min }, messages: { perConnection: 2/min } } }
  - { name: reported, path: /reported, mode: dry-run, origin: { allow: ["https://app.example.com"] } }
  - { name: widget, path: /widget, token: { secret: ${SECRET} }, domains: {} }
  - { name: gone, path: /gone, upstream: "http://127.0.0.1:${await closedPort()}" }`,
  })
  port = await closedPort()
  const scrape = { job_name: 'wsluice', static_configs: [{ targets: [proxy.ops] }] }
  // JSON is YAML.
  const global = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' }
  const configuration = { global, rule_files: [RULES], scrape_configs: [scrape] }
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(configuration))
  prometheus = startChild('prometheus', [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ])
  await prometheus.says(/Server is ready to receive web requests/)
})

after(async () => {
  await prometheus?.stop()
  await proxy?.stop()
  await backend?.stop()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

async function converse(path: string): Promise<void> {
  const socket = new WebSocket(proxy.url(path), { origin: 'https://evil.example' })
  socket.on('message', () => socket.close(1000))
  socket.on('open', () => {
    for (const text of ['one', 'two', 'three']) socket.send(text)
  })
  socket.on('error', () => {})
  await once(socket, 'close')
}

async function makeTraffic(): Promise<void> {
  const claims = { sub: 'ada', allowed_domains: ['app.example.com'] }
  const token = await mintToken({ secret: SECRET, claims, ttlSeconds: 60, now: Date.now() })
  for (const path of ['/open', '/reported', '/gone', '/nowhere', `/widget?token=${token}`]) await converse(path)
}

async function ask<T>(path: string, parameters: Record<string, string>): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}?${new URLSearchParams(parameters)}`)
  // What the API promises where it says success.
  const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string }
  assert.equal(status, 'success', `${error} in ${JSON.stringify(parameters)}`)
  return data
}

/** A query of a panel as Grafana asks it, with all of every variable. */
const asked = (expr: string) =>
  expr.replaceAll('$__rate_interval', '10s').replaceAll(/"\$(?:job|instance|route)"/g, '".*"')

async function hasData(expr: string): Promise<boolean> {
  const { result } = await ask<{ result: { value: [number, string] }[] }>('query', { query: asked(expr) })
  return result.some(({ value }) => Number.isFinite(Number(value[1])))
}

test('promtool: the rules are well formed, and each fires when it should', LIMIT, () => {
  const file = join(import.meta.dirname, 'prometheus/rules.test.yaml')
  for (const args of [
    ['check', 'rules', RULES],
    ['test', 'rules', file],
  ]) {
    const { status, stdout, stderr } = spawnSync('/usr/bin/promtool', args, { encoding: 'utf8' })
    assert.equal(status, 0, stdout + stderr)
  }
  for (const { alert } of rules) {
    const [quiet, firing] = [/exp_alerts: \[\]/, /exp_alerts:\n/].map((expected) =>
      read(file)
        .split('eval_time')
        .some((part) => part.includes(`alertname: ${alert}`) && expected.test(part)),
    )
    assert.ok(quiet && firing, `${alert} has no test in which it is quiet, or none in which it fires`)
  }
})

/** Contract section 5; one comes with workers. */
const KNOWN: readonly string[] = [...Object.keys(METRICS), 'ws_worker_restarts_total']

test('rules and dashboard ask for metrics that exist', () => {
  const all = [...rules.map(({ expr }) => expr), ...panelQueries.map(([, expr]) => expr)]
  for (const expr of all) {
    for (const [name] of expr.matchAll(/\b(?:ws_|websocket_)\w+/g)) {
      assert.ok(KNOWN.includes(name.replace(/_bucket$/, '')), `${name} in ${expr}`)
    }
  }
})

test('every query of the dashboard returns data', LIMIT, async () => {
  assert.ok(panelQueries.length > 25)
  let missing = panelQueries
  const until = Date.now() + 60_000
  while (missing.length > 0 && Date.now() < until) {
    await makeTraffic()
    const found = await Promise.all(missing.map(([, expr]) => hasData(expr)))
    missing = missing.filter((_, index) => !found[index])
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  assert.deepEqual(missing, [])
})

test('every variable of the dashboard has values', LIMIT, async () => {
  const queries = dashboard.templating.list.flatMap(({ query }) => (typeof query === 'string' ? [] : [query.query]))
  assert.equal(queries.length, 3)
  for (const query of queries) {
    const [, series = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? []
    const values = await ask<string[]>(`label/${label}/values`, { 'match[]': asked(series) })
    assert.ok(values.length > 0, query)
  }
})

test('Prometheus evaluates every rule without an error', LIMIT, async () => {
  let health: [string, string][]
  do {
    await new Promise((resolve) => setTimeout(resolve, 200))
    const { groups: loaded } = await ask<{ groups: { rules: { name: string; health: string }[] }[] }>('rules', {})
    health = loaded.flatMap((group) => group.rules.map((rule): [string, string] => [rule.name, rule.health]))
  } while (health.some(([, state]) => state === 'unknown'))
  assert.deepEqual(
    health,
    rules.map(({ alert }) => [alert, 'ok']),
  )
})
