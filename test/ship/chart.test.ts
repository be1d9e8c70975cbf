/** The Helm chart: what it renders, and what it refuses to. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { chartFiles } from '../../dev/chart-files.ts'
import { loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problems.ts'
import { assertGolden } from './golden.ts'
import { CASES, CHART, helm, type Manifest, manifests, only, ROOT, readYaml, template, templateParent } from './helm.ts'

for (const [name, content] of chartFiles()) {
  test(`helm/wsluice/${name} is current: npm run generate`, () => {
    assert.equal(readFileSync(join(CHART, name), 'utf8'), content)
  })
}

test('it lints, strictly', () => {
  const { ok, text, errors } = helm(['lint', '--strict', CHART])
  assert.ok(ok, text + errors)
})

test('its version, its appVersion and its image are those of the package', () => {
  // Our own files.
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
  const chart = readYaml('helm/wsluice/Chart.yaml') as { version: string; appVersion: string }
  const values = readYaml('helm/wsluice/values.yaml') as { image: { tag: string } }
  assert.deepEqual([chart.version, chart.appVersion, values.image.tag], [version, version, version])
})

test('every value has a default, and the schema knows no other', () => {
  const schema = readYaml('helm/wsluice/values.schema.json') as { properties: object }
  const values = readYaml('helm/wsluice/values.yaml') as object
  const ofHelm = ['global', 'enabled']
  const known = Object.keys(schema.properties).filter((name) => !ofHelm.includes(name))
  assert.deepEqual(new Set(Object.keys(values)), new Set(known))
})

for (const [name, render] of CASES) {
  test(`golden: ${name}`, () => {
    const { ok, text, errors } = render()
    assert.ok(ok, errors)
    assertGolden(name, manifests(text))
  })
}

const BACKEND = 'upstream: "http://chat:8000"'

const REFUSED: [name: string, values: string, says: RegExp][] = [
  ['no backend', '', /config\.upstream: name your backend/],
  ['a typo in a value', `config: { ${BACKEND} }\nreplics: 2`, /Additional property replics/],
  ['a typo in a nested value', `config: { ${BACKEND} }\nservice: { prt: 1 }`, /service: Additional property prt/],
  ['a typo in the configuration', `config: { ${BACKEND}, upstrem: x }`, /config: Additional property upstrem/],
  [
    'a typo in a route',
    `config: { ${BACKEND}, routes: [{ path: /x, orign: {} }] }`,
    /config\.routes\.0: Additional property orign/,
  ],
  ['a value of another type', `config: { ${BACKEND}, mode: maybe }`, /config\.mode/],
  [
    'a secret in the configuration',
    `config: { ${BACKEND}, routes: [{ path: /x, token: { secret: abc } }] }`,
    /Additional property secret/,
  ],
  ['a token in the configuration', `config: { ${BACKEND}, adminToken: abc }`, /Additional property adminToken/],
  ['a file that climbs', `config: { ${BACKEND} }\nfiles: { ../x: "" }`, /files/],
  [
    'a secret that climbs',
    `config: { ${BACKEND} }\nsecrets: [{ secret: a, key: b, path: x/../../y }]`,
    /secrets\.0\.path/,
  ],
  ['ops on loopback', `config: { ${BACKEND}, ops: "127.0.0.1:9464" }`, /config\.ops: expected a port on all addresses/],
  ['ops off', `config: { ${BACKEND}, ops: off }`, /config\.ops: expected a port on all addresses/],
  ['a unix listener', `config: { ${BACKEND}, listen: "unix:/x" }`, /config\.listen: expected a port/],
  [
    'scaling by nothing',
    `config: { ${BACKEND} }\nautoscaling: { enabled: true, cpu: 0, connections: 0 }`,
    /autoscaling: set/,
  ],
  [
    'a ServiceMonitor of a sidecar',
    `mode: sidecar\nconfig: { ${BACKEND} }\nmonitoring: { monitor: ServiceMonitor }`,
    /use PodMonitor/,
  ],
  [
    'a PodMonitor of no pods',
    `mode: sidecar\nconfig: { ${BACKEND} }\nmonitoring: { monitor: PodMonitor }`,
    /monitoring\.podSelector/,
  ],
  [
    'a sidecar that cannot drain',
    `mode: sidecar\nconfig: { ${BACKEND}, admin: off }`,
    /config\.admin: a sidecar drains/,
  ],
]

for (const [name, values, says] of REFUSED) {
  test(`refused: ${name}`, () => {
    const { ok, errors } = template(values)
    assert.equal(ok, false)
    assert.match(errors, says)
  })
}

test('a typo under a parent chart fails as well', () => {
  const { ok, errors } = templateParent('wsluice: { config: { upstrem: x } }')
  assert.equal(ok, false)
  assert.match(errors, /Additional property upstrem/)
})

/** The rendered configuration file, and the files a pod finds beside it. */
function mounted(all: readonly Manifest[]) {
  const { data } = only(all, 'ConfigMap') as unknown as { data: Record<string, string> }
  return data
}

for (const [name, render] of CASES) {
  test(`what the pod reads is a configuration: ${name}`, () => {
    const yaml = mounted(manifests(render().text))['wsluice.yaml'] ?? ''
    const env: Record<string, string> = { WS_CONFIG: '/etc/wsluice/wsluice.yaml' }
    if (name === 'bare') env.WS_UPSTREAM = 'http://chat:8000'
    const files: Record<string, string> = { [env.WS_CONFIG ?? '']: yaml }
    const secret = 'a secret of at least thirty-two bytes'
    const result = loadConfig({ env, flags: {}, cwd: '/app', readFile: (path) => files[path] ?? secret })
    const problems = result.ok ? [] : result.problems.map(formatProblem)
    // The certificate is one of the text above.
    assert.deepEqual(
      problems.filter((problem) => !/tls/.test(problem)),
      [],
    )
  })
}

test('the configuration is what was given, a large number included', () => {
  const values = parse(readFileSync(join(import.meta.dirname, 'values/everything.yaml'), 'utf8'))
  const { text } = template(JSON.stringify(values))
  // Helm read `off` as YAML 1.1 does.
  assert.deepEqual(parse(mounted(manifests(text))['wsluice.yaml'] ?? ''), { ...values.config, admin: 'off' })
})

test('the rules and the dashboard are those of config/', () => {
  const { text } = template(`config: { ${BACKEND} }\nmonitoring: { rules: true, dashboard: true }`)
  const all = manifests(text)
  assert.deepEqual(only(all, 'PrometheusRule').spec, readYaml('config/prometheus/rules.yaml'))
  const boards = all.filter(({ metadata }) => metadata.name === 'chat-wsluice-dashboard')
  // A ConfigMap.
  const { data } = boards[0] as unknown as { data: Record<string, string> }
  assert.equal(data['wsluice.json'], readFileSync(join(ROOT, 'config/grafana/wsluice.json'), 'utf8'))
})
