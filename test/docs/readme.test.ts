/** What the README says of what is not there; and the length of what is to be read. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemsOf } from '../support/load.ts'
import { DOCUMENTS, documentNamed } from './markdown.ts'

test('what the README calls not built yet is refused at start', () => {
  assert.match(documentNamed('README.md').text, /## Not yet\n\n[^#]*shared store \(Redis\), CORS settings/)
  for (const setting of ['store: redis://localhost', 'cors: []']) {
    const [problem = ''] = problemsOf({ yaml: `upstream: http://127.0.0.1:1\n${setting}\n` })
    assert.match(problem, /not available in this version/, setting)
  }
})

test('it is read in five minutes: 1,200 words, at 240 a minute', () => {
  const words = documentNamed('README.md').prose.split(/\s+/)
  assert.ok(words.length <= 1200, `${words.length} words`)
})

test('pages are short', () => {
  // Numbers and tables of measurements, promises and generated settings take what they take.
  const long = new Set(['docs/benchmarks.md', 'docs/limits.md', 'docs/from-nginx.md'])
  for (const { name, text } of DOCUMENTS.filter((one) => one.name.startsWith('docs/'))) {
    if (!long.has(name)) assert.ok(text.split('\n').length <= 200, `${name}: ${text.split('\n').length} lines`)
  }
})
