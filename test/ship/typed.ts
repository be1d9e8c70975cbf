/** Kubernetes' own types as judge: rendered objects are written as typed literals, where the compiler flags an unknown key. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Manifest, ROOT } from './helm.ts'

const OURS = fileURLToPath(import.meta.resolve('./custom-resources.ts'))

/** Where the type of each kind is. */
const TYPES: Readonly<Record<string, readonly [name: string, module: string]>> = {
  'v1/ConfigMap': ['IConfigMap', 'kubernetes-models/v1/ConfigMap'],
  'v1/Service': ['IService', 'kubernetes-models/v1/Service'],
  'v1/ServiceAccount': ['IServiceAccount', 'kubernetes-models/v1/ServiceAccount'],
  'apps/v1/Deployment': ['IDeployment', 'kubernetes-models/apps/v1/Deployment'],
  'autoscaling/v2/HorizontalPodAutoscaler': [
    'IHorizontalPodAutoscaler',
    'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler',
  ],
  'networking.k8s.io/v1/Ingress': ['IIngress', 'kubernetes-models/networking.k8s.io/v1/Ingress'],
  'networking.k8s.io/v1/NetworkPolicy': ['INetworkPolicy', 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'],
  'policy/v1/PodDisruptionBudget': ['IPodDisruptionBudget', 'kubernetes-models/policy/v1/PodDisruptionBudget'],
  'gateway.networking.k8s.io/v1/HTTPRoute': ['HttpRoute', OURS],
  'monitoring.coreos.com/v1/PodMonitor': ['PodMonitor', OURS],
  'monitoring.coreos.com/v1/ServiceMonitor': ['ServiceMonitor', OURS],
  'monitoring.coreos.com/v1/PrometheusRule': ['PrometheusRule', OURS],
}

/** What the compiler has to say against these objects, a line each; a kind without a type is an error. */
export function typeErrors(all: readonly Manifest[]): string[] {
  // Inside the checkout, where the types are found.
  mkdirSync(join(ROOT, '.tmp'), { recursive: true })
  const folder = mkdtempSync(join(ROOT, '.tmp', 'manifests-'))
  try {
    const compilerOptions = { allowImportingTsExtensions: true, rewriteRelativeImportExtensions: false }
    const config = { extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: [join(folder, '*.ts')] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    writeFileSync(join(folder, 'manifests.ts'), all.map(literal).join('\n'))
    const { stdout, status } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' })
    const lines = stdout.split('\n').filter((line) => /error TS/.test(line))
    if (status !== 0 && lines.length === 0) throw new Error(`tsc failed: ${stdout}`)
    return lines
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function literal(manifest: Manifest, index: number): string {
  const type = TYPES[`${manifest.apiVersion}/${manifest.kind}`]
  if (!type) throw new Error(`no type for ${manifest.apiVersion} ${manifest.kind}`)
  const [name, module] = type
  return `import type { ${name} as T${index} } from '${module}'\nexport const m${index}: T${index} = ${JSON.stringify(manifest)}\n`
}
