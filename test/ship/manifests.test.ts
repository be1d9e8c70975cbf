/** Every manifest is one that Kubernetes knows, and runs under the restricted Pod Security Standard. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment'
import { CASES, type Manifest, manifests, template } from './helm.ts'
import { typeErrors } from './typed.ts'

const MONITORED = 'config: { upstream: "http://chat:8000" }\nmonitoring: { rules: true, dashboard: true }'
const KUSTOMIZED = readFileSync(join(import.meta.dirname, 'golden/kustomize.yaml'), 'utf8')

const rendered: readonly Manifest[] = [
  ...CASES.flatMap(([, render]) => manifests(render().text)),
  ...manifests(template(MONITORED).text),
  ...manifests(KUSTOMIZED),
]

test('no manifest has a key that Kubernetes does not know, or a value of another type', () => {
  assert.ok(rendered.length > 30, `${rendered.length}`)
  assert.deepEqual(typeErrors(rendered), [])
})

const SPOILED: [name: string, kind: string, spoil: (manifest: Manifest) => object][] = [
  ['an unknown key', 'Service', (manifest) => ({ ...manifest, spek: {} })],
  ['an unknown key within', 'Service', (manifest) => inSpec(manifest, { prts: [] })],
  ['an unknown key of a list entry', 'Service', (manifest) => inSpec(manifest, { ports: [{ port: 1, prt: 1 }] })],
  ['another type', 'PodDisruptionBudget', (manifest) => inSpec(manifest, { maxUnavailable: true })],
  ['an unknown key in a resource of others', 'HTTPRoute', (manifest) => inSpec(manifest, { rule: [] })],
]

function inSpec(manifest: Manifest, fields: object): object {
  return { ...manifest, spec: { ...(manifest.spec as object), ...fields } }
}

test('a manifest with a mistake is flagged', () => {
  const spoiled = SPOILED.map(([, kind, spoil]) => {
    const manifest = rendered.find((other) => other.kind === kind)
    assert.ok(manifest, kind)
    return spoil(manifest) as Manifest
  })
  const errors = typeErrors(spoiled)
  for (const [index, [name]] of SPOILED.entries()) {
    assert.ok(
      errors.some((line) => line.includes(`(${index * 3 + 2},`)),
      `${name}:\n${errors.join('\n')}`,
    )
  }
})

type PodSpec = NonNullable<NonNullable<IDeployment['spec']>['template']['spec']>

/** The containers of ours in every pod, native sidecars among them. */
function ours(): NonNullable<PodSpec['containers']>[number][] {
  const pods = rendered
    .filter(({ kind }) => kind === 'Deployment')
    // The compiler agreed above.
    .map((manifest) => (manifest as unknown as IDeployment).spec?.template.spec)
  return pods
    .flatMap((pod) => [...(pod?.containers ?? []), ...(pod?.initContainers ?? [])])
    .filter(({ name }) => name === 'wsluice')
}

test('every container of ours is restricted, read-only, probed by /healthz, and named by its port', () => {
  assert.ok(ours().length >= 6)
  for (const container of ours()) {
    assert.deepEqual(container.securityContext, {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    })
    for (const probe of [container.startupProbe, container.livenessProbe]) {
      assert.deepEqual(probe?.httpGet, { path: '/healthz', port: 'wsluice-ops' })
    }
    assert.deepEqual(container.readinessProbe?.httpGet, { path: '/readyz', port: 'wsluice-ops' })
    assert.deepEqual(
      container.ports?.map(({ name }) => name),
      ['wsluice', 'wsluice-ops'],
    )
  }
})

test('a native sidecar drains before SIGTERM, which comes when the application is gone', () => {
  const sidecars = ours().filter(({ restartPolicy }) => restartPolicy === 'Always')
  assert.equal(sidecars.length, 2)
  for (const { lifecycle } of sidecars)
    assert.deepEqual(lifecycle?.preStop?.exec?.command?.slice(0, 3), ['wsluice', 'drain', '--wait'])
})

test('no pod of ours gets a token of its account', () => {
  const own = rendered.filter(({ kind, metadata }) => kind === 'Deployment' && !metadata.name.startsWith('chat-on'))
  const pods = own.map((manifest) => (manifest as unknown as IDeployment).spec?.template.spec)
  const standalone = pods.filter((pod) => pod?.containers.length === 1 && pod.containers[0]?.name === 'wsluice')
  assert.ok(standalone.length >= 4)
  for (const pod of standalone) assert.equal(pod?.automountServiceAccountToken, false)
  for (const account of rendered.filter(({ kind }) => kind === 'ServiceAccount')) {
    assert.equal(account.automountServiceAccountToken, false)
  }
})
