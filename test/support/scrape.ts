/** What a running proxy says of itself on its ops listener. */

/** The value of a metric, by its name and labels. */
export async function scrape(ops: string, metric: string): Promise<number> {
  const text = await (await fetch(`http://${ops}/metrics`)).text()
  const line = text.split('\n').find((one) => one.startsWith(`${metric} `))
  if (!line) throw new Error(`no ${metric}`)
  return Number(line.slice(metric.length + 1))
}

/** Resident memory, in MiB. */
export const memory = async (ops: string): Promise<number> =>
  (await scrape(ops, 'process_resident_memory_bytes')) / (1 << 20)
