/** The metrics as the reference lists them. */
import { METRICS } from './metric-names.ts'

/** Name, type, labels and what it tells of each metric of ours. */
export const metricRows = () =>
  Object.entries(METRICS).map(([name, { type, labels, help }]) => ({ name, type, labels, doc: help }))
