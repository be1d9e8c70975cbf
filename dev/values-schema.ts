/** The JSON Schema of the chart's values: those of the chart, and under `config` a whole configuration file. */
import { z } from 'zod'

type Json = Record<string, unknown>

const text = z.string()
const count = z.int().min(0)
/** What Kubernetes declares is checked by Kubernetes. */
const object = z.record(text, z.unknown())
const objects = z.array(object)
/** Every value may be left out: values.yaml has it, or `null` takes it away. */
const section = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape).partial()
const port = z.int().min(1).max(65535)
/** Where it lies beside the configuration: a relative path that does not climb. Helm knows no lookahead. */
const path = z.string().regex(/^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/)

const VALUES = section({
  mode: z.enum(['standalone', 'sidecar']),
  config: object,
  secrets: z.array(z.strictObject({ secret: text, key: text, path })),
  files: z.record(path, text),
  env: z.array(z.strictObject({ name: text, value: text.optional(), valueFrom: object.optional() })),
  image: section({
    repository: text,
    tag: text,
    digest: z.string().regex(/^(sha256:[0-9a-f]{64})?$/),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
  }),
  imagePullSecrets: objects,
  nameOverride: text,
  fullnameOverride: text,
  resources: object,
  replicas: count,
  podAnnotations: object,
  podLabels: object,
  nodeSelector: object,
  tolerations: objects,
  affinity: object,
  topologySpreadConstraints: objects,
  priorityClassName: text,
  terminationGracePeriodSeconds: count.nullable(),
  service: section({ type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']), port, annotations: object }),
  ingress: section({
    enabled: z.boolean(),
    className: text,
    annotations: object,
    hosts: z.array(z.strictObject({ host: text, paths: z.array(text).min(1) })),
    tls: objects,
  }),
  httpRoute: section({
    enabled: z.boolean(),
    annotations: object,
    parentRefs: objects,
    hostnames: z.array(text),
    paths: z.array(text).min(1),
    timeouts: z.strictObject({ request: text.optional(), backendRequest: text.optional() }),
  }),
  autoscaling: section({
    enabled: z.boolean(),
    minReplicas: count,
    maxReplicas: count,
    connections: count.nullable(),
    cpu: count.nullable(),
  }),
  podDisruptionBudget: section({ enabled: z.boolean(), maxUnavailable: z.union([count, text]) }),
  networkPolicy: section({ enabled: z.boolean(), from: objects, opsFrom: objects, egress: objects }),
  serviceAccount: section({ create: z.boolean(), name: text, annotations: object }),
  monitoring: section({
    monitor: z.enum(['none', 'PodMonitor', 'ServiceMonitor']),
    interval: text,
    labels: object,
    podSelector: object,
    rules: z.boolean(),
    dashboard: z.boolean(),
    dashboardLabels: object,
  }),
  // Helm's own, where this chart is a dependency.
  global: object.optional(),
  enabled: z.boolean().optional(),
})

/**
 * @param config the schema of a configuration file. Its secrets are taken out: in a chart they are files only.
 */
export function valuesSchema(config: Json): Json {
  const schema = z.toJSONSchema(VALUES, { target: 'draft-07' })
  const { $schema: _, ...inner } = config
  const properties = { ...schema.properties, config: withoutSecrets(inner) }
  return { ...schema, title: 'Values of the chart wsluice', properties }
}

/** Drops each property that `…File` stands beside. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      withoutSecrets(key === 'properties' ? withoutSecretNames(inner) : inner),
    ]),
  )
}

const withoutSecretNames = (properties: Json): Json =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => !(`${name}File` in properties)))
