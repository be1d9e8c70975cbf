/** A test reporter that says one line for each file in which tests ran and none was skipped. */
import type { TestEvent } from 'node:test/reporters'

async function* filesRan(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    if (type !== 'test:summary' || data.file === undefined) continue
    if (data.counts.passed > 0 && data.counts.skipped === 0) yield `${data.file}\n`
  }
}

// biome-ignore lint/style/noDefaultExport: node:test asks a reporter's module for its default export
export default filesRan
