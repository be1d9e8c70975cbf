/** What docs/sidecar.md shows is a chart that renders, and a kustomization like the one that is tested. */
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { folder } from '../support/command-line.ts'
import { CHART, manifests, only, ROOT, readYaml, template } from './helm.ts'
import { typeErrors } from './typed.ts'

const text = readFileSync(join(ROOT, 'docs/sidecar.md'), 'utf8')

/** The blocks that begin with the name of a file. */
const files = new Map(
  [...text.matchAll(/^```yaml\n# (\S+)\n(.*?)^```/gms)].map(([, name = '', content = '']) => [name, content]),
)

test('the chart it shows renders a pod with the sidecar, and a Service that leads to it', (t) => {
  const chart = folder(t)
  for (const name of ['Chart.yaml', 'values.yaml', 'templates/chat.yaml']) {
    mkdirSync(dirname(join(chart, name)), { recursive: true })
    writeFileSync(join(chart, name), files.get(name) ?? '')
  }
  cpSync(CHART, join(chart, 'charts/wsluice'), { recursive: true })
  const { ok, text: rendered, errors } = template('', chart)
  assert.ok(ok, errors)
  const all = manifests(rendered)
  assert.deepEqual(typeErrors(all), [])
  assert.deepEqual(
    all.map(({ kind }) => kind).sort((a, b) => a.localeCompare(b)),
    ['ConfigMap', 'Deployment', 'Service'],
  )
  assert.match(JSON.stringify(only(all, 'Deployment')), /"restartPolicy":"Always","name":"wsluice"/)
})

test('every template it names exists', () => {
  const defined = ['_container.tpl', '_sidecar.tpl', '_settings.tpl']
    .map((name) => readFileSync(join(CHART, 'templates', name), 'utf8'))
    .join('')
  const named = new Set([...text.matchAll(/include "(wsluice\.\w+)"/g)].map(([, name]) => name))
  assert.equal(named.size, 5)
  for (const name of named) assert.ok(defined.includes(`define "${name}"`), name)
})

test('its kustomization is that of the example, less what is the example’s own', () => {
  const shown = parse(files.get('kustomization.yaml') ?? '')
  // Our own file.
  const example = readYaml('kustomize/example/kustomization.yaml') as Record<string, unknown>
  for (const key of ['components', 'configMapGenerator', 'generatorOptions']) assert.deepEqual(shown[key], example[key])
})

test('every relative link leads somewhere', () => {
  for (const name of ['sidecar.md', 'release.md']) {
    const links = readFileSync(join(ROOT, 'docs', name), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)
    for (const [, target = ''] of links) assert.ok(existsSync(join(ROOT, 'docs', target)), target)
  }
})
