/** The resources of others that we render, as far as we write them: Gateway API v1 and the Prometheus operator's v1. */
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment'

type Metadata = NonNullable<IDeployment['metadata']>
interface Selector {
  matchLabels: Record<string, string>
}
interface Endpoint {
  port: string
  path: string
  interval: string
}

export interface HttpRoute {
  apiVersion: 'gateway.networking.k8s.io/v1'
  kind: 'HTTPRoute'
  metadata: Metadata
  spec: {
    parentRefs: { name: string; namespace?: string; sectionName?: string }[]
    hostnames?: string[]
    rules: {
      matches: { path: { type: 'PathPrefix' | 'Exact'; value: string } }[]
      backendRefs: { name: string; port: number }[]
      timeouts?: { request?: string; backendRequest?: string }
    }[]
  }
}

export interface PodMonitor {
  apiVersion: 'monitoring.coreos.com/v1'
  kind: 'PodMonitor'
  metadata: Metadata
  spec: { selector: Selector; podMetricsEndpoints: Endpoint[] }
}

export interface ServiceMonitor {
  apiVersion: 'monitoring.coreos.com/v1'
  kind: 'ServiceMonitor'
  metadata: Metadata
  spec: { selector: Selector; endpoints: Endpoint[] }
}

export interface PrometheusRule {
  apiVersion: 'monitoring.coreos.com/v1'
  kind: 'PrometheusRule'
  metadata: Metadata
  spec: {
    groups: {
      name: string
      rules: {
        alert: string
        expr: string
        for?: string
        labels: Record<string, string>
        annotations: Record<string, string>
      }[]
    }[]
  }
}
