/** The Kustomize component: what it makes of an application, by Kustomize where there is one, and by its two rules where there is none. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadConfig } from '../../src/config/load.ts'
import { type Manifest, manifests, only, ROOT, readYaml } from './helm.ts'

const EXAMPLE = join(ROOT, 'kustomize/example')
const golden = manifests(readFileSync(join(import.meta.dirname, 'golden/kustomize.yaml'), 'utf8'))

type Fields = Record<string, unknown>
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A strategic merge, as far as ours needs it: objects by key; a list by the names of its entries, else replaced. */
function merge(base: unknown, patch: unknown): unknown {
  if (Array.isArray(patch) && Array.isArray(base) && patch.every((entry) => isFields(entry) && 'name' in entry)) {
    const rest = base.filter((entry) => !patch.some((other) => other.name === entry.name))
    return [
      ...patch.map((entry) =>
        merge(
          base.find((other) => other.name === entry.name),
          entry,
        ),
      ),
      ...rest,
    ]
  }
  if (!isFields(base) || !isFields(patch)) return patch
  const changed = Object.entries(patch).map(([key, value]) => [key, merge(base[key], value)])
  return { ...base, ...Object.fromEntries(changed) }
}

test('the patch of the Deployment gives what was read and approved', () => {
  const application = manifests(readFileSync(join(EXAMPLE, 'application.yaml'), 'utf8'))
  const before = only(application, 'Deployment')
  const patch = readYaml('kustomize/sidecar/deployment.yaml')
  const merged = merge(before, { ...(patch as Fields), metadata: before.metadata })
  // The rest is the example's own: the tag of the image, and the sleep of the application.
  const tagged = JSON.parse(JSON.stringify(merged).replace('"image":"wsluice"', '"image":"wsluice:0.1.0"'))
  tagged.spec.template.spec.containers[0].lifecycle = { preStop: { sleep: { seconds: 25 } } }
  assert.deepEqual(tagged, only(golden, 'Deployment'))
})

test('the Service leads to the sidecar', () => {
  const [patch] = readYaml('kustomize/sidecar/service.yaml') as { op: string; path: string; value: string }[]
  assert.deepEqual(patch, { op: 'replace', path: '/spec/ports/0/targetPort', value: 'wsluice' })
  const { ports } = only(golden, 'Service').spec as { ports: object[] }
  assert.deepEqual(ports, [{ name: 'http', port: 80, targetPort: 'wsluice' }])
})

test('the configuration of the example loads, with its secret where the component puts it', () => {
  const { data } = only(golden, 'ConfigMap') as unknown as { data: Record<string, string> }
  const asked: string[] = []
  const result = loadConfig({
    env: { WS_CONFIG: '/etc/wsluice/config/wsluice.yaml' },
    flags: {},
    cwd: '/app',
    readFile: (path) => {
      asked.push(path)
      return path.endsWith('.yaml') ? (data['wsluice.yaml'] ?? '') : 'a secret of at least thirty-two bytes'
    },
  })
  assert.deepEqual(result.ok ? result.warnings : result.problems, [])
  assert.ok(asked.includes('/etc/wsluice/secrets/hs256'), asked.join())
})

const PROGRAMS: readonly (readonly [string, readonly string[]])[] = [
  ['kustomize', ['build', EXAMPLE]],
  ['kubectl', ['kustomize', EXAMPLE]],
]

for (const [program, args] of PROGRAMS) {
  const { error, status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (error) continue
  test(`${program} gives the same`, () => {
    assert.equal(status, 0, stderr)
    assert.deepEqual(manifests(stdout), golden satisfies readonly Manifest[])
  })
}
