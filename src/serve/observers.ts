/** Where events go: the log and the metrics. */
import type { Observe } from '../observe/events.ts'
import { createLog, type LogOptions } from '../observe/log.ts'
import { createMetrics, type MetricSources, type Metrics } from '../observe/metrics.ts'

export interface Observers {
  readonly observe: Observe
  /** Begins to log and count; what is observed before is lost. */
  readonly connect: (log: LogOptions, sources: MetricSources, ...others: readonly Observe[]) => Metrics
}

/** The proxy is told where to report before there is anything to read from it: so the two are connected later. */
export function createObservers(): Observers {
  const sinks: Observe[] = []
  return {
    observe: (event) => {
      for (const sink of sinks) sink(event)
    },
    connect: (log, sources, ...others) => {
      const metrics = createMetrics(sources)
      sinks.push(createLog(log), metrics.observe, ...others)
      return metrics
    },
  }
}
