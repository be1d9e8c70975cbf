/** `npm run bench -- report`: the sections of the documents and the charts that are written from `bench/results`. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { chart, chartName } from './charts.ts'
import { replaceSection } from './document.ts'
import { type MessageResults, messagesSection } from './messages-section.ts'
import type { BenchOptions, Report } from './options.ts'
import type { RelayResults } from './relay-results.ts'
import { relaySection } from './relay-section.ts'
import { type IdleResults, scaleSection } from './scale.ts'
import { rows } from './table.ts'

const TOP = new URL('../', import.meta.url)
const RESULTS = new URL('results/', import.meta.url)
const NOTHING = 'No run has been kept yet.'

/** What is kept of a suite, by its name. */
interface Kept {
  relay: RelayResults
  idle: IdleResults
  messages: MessageResults
}

/** Keeps the results of a full run, where the report finds them. */
export function keep<Name extends keyof Kept>(name: Name, results: Kept[Name]): void {
  mkdirSync(RESULTS, { recursive: true })
  writeFileSync(new URL(`${name}.json`, RESULTS), `${JSON.stringify(results, null, 1)}\n`)
}

/** Written by {@link keep}, so its shape is ours. */
function kept<Name extends keyof Kept>(name: Name): Kept[Name] | undefined {
  const file = new URL(`${name}.json`, RESULTS)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Kept[Name]) : undefined
}

/** The files the report writes, by their path, as they should be. Throws where a document has no place for its section. */
export function documents(): Map<string, string> {
  const [relay, idle, messages] = [kept('relay'), kept('idle'), kept('messages')]
  const read = (path: string) => readFileSync(new URL(path, TOP), 'utf8')
  const benchmarks = [
    ['messages', messages ? messagesSection(messages) : NOTHING],
    ['relay', relay ? relaySection(relay) : NOTHING],
  ] as const
  const path = 'docs/benchmarks.md'
  const text = benchmarks.reduce((left, [name, section]) => replaceSection(left, name, section), read(path))
  return new Map([
    [path, text],
    ['docs/scale.md', replaceSection(read('docs/scale.md'), 'idle', idle ? scaleSection(idle) : NOTHING)],
    ...(relay ? rows(relay) : []).map((row) => [`docs/img/${chartName(row.measure.id)}`, chart(row)] as const),
  ])
}

/** Writes them; none in the short mode, whose figures mean nothing. */
export function report({ short }: BenchOptions): Report {
  if (short) return { text: 'not in the short mode', json: null, ok: true }
  mkdirSync(new URL('docs/img/', TOP), { recursive: true })
  const files = documents()
  for (const [path, content] of files) writeFileSync(new URL(path, TOP), content)
  return { text: [...files.keys()].join('\n'), json: null, ok: true }
}
