/** The suite `relay` as `npm run bench` runs it: measured, printed and, where it was all of it, kept for the documents. */
import type { BenchOptions, Report } from './options.ts'
import { printed } from './printed.ts'
import { relay } from './relay.ts'
import { failures } from './relay-results.ts'
import { keep } from './report.ts'

/** Fewer have no median worth keeping. */
const LEAST_ROUNDS = 3

export async function relaySuite(options: BenchOptions): Promise<Report> {
  const results = await relay(options)
  if (!options.short && options.only.length === 0 && options.rounds >= LEAST_ROUNDS) keep('relay', results)
  // A peer may be missing; without wsluice nothing was tried.
  const tried = results.samples.some(({ peer }) => peer === 'wsluice')
  const ok = tried && failures(results).length === 0
  return { text: printed(results), json: results, ok }
}
