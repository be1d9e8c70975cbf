/** Every link between the documents leads to a file that is there, and to a heading in it. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { anchorsOf, DOCUMENTS, documentNamed, linksOf, ROOT } from './markdown.ts'

/** An anchor in a file that is no document: a line of it. */
const LINE = /^L\d+$/

for (const document of DOCUMENTS) {
  test(`${document.name}: its links lead somewhere`, () => {
    for (const { target, anchor } of linksOf(document)) {
      const path = target === '' ? document.name : normalize(join(dirname(document.name), target))
      assert.ok(!path.startsWith('..') && existsSync(join(ROOT, path)), `${document.name}: ${target}`)
      if (anchor === '' || LINE.test(anchor)) continue
      assert.ok(anchorsOf(documentNamed(path)).has(anchor), `${document.name}: ${target}#${anchor}`)
    }
  })
}

test('the index of docs names every page of it', () => {
  const named = new Set(linksOf(documentNamed('docs/README.md')).map(({ target }) => `docs/${target}`))
  for (const { name } of DOCUMENTS) {
    if (name.startsWith('docs/') && name !== 'docs/README.md') assert.ok(named.has(name), name)
  }
})

test('what a page shows of headings and anchors is what GitHub makes of them', () => {
  const text = '## What it *is*\n\n## A `b.c`, d\n\n## A `b.c`, d\n<a id="own"></a>\n'
  const document = { name: 'x.md', text, prose: text, blocks: [] }
  assert.deepEqual(
    [...anchorsOf(document)].sort((a, b) => a.localeCompare(b)),
    ['a-bc-d', 'a-bc-d-1', 'own', 'what-it-is'],
  )
})
