import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { documents } from '../../bench/report.ts'

test('the documents and charts show what bench/results holds', () => {
  for (const [path, content] of documents()) {
    assert.equal(
      readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'),
      content,
      `${path}: npm run bench -- report`,
    )
  }
})
