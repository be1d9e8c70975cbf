/** The drawings: well-formed XML that says what it shows, names nothing outside, and is shown somewhere. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { DOCUMENTS, ROOT } from './markdown.ts'
import { complaintsOf } from './mermaid.ts'

const TAG = /<(?:\?[^?]*\?|!--.*?--|(\/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+="[^"<&]*(?:&\w+;[^"<&]*)*")*)\s*(\/?))>/gs

/** What keeps a text from being XML; undefined where nothing does. */
function fault(text: string): string | undefined {
  const between = text.replace(TAG, '')
  if (/[<>]/.test(between)) return `a bracket that begins no tag: ${/.{0,20}[<>].{0,20}/s.exec(between)?.[0]}`
  if (/&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);)/i.test(text)) return 'an & that begins no entity'
  const open: string[] = []
  for (const [tag, closes, name, , alone] of text.matchAll(TAG)) {
    if (name === undefined || alone === '/') continue
    if (closes !== '/') open.push(name)
    else if (open.pop() !== name) return `${tag} closes what is not open`
  }
  return open.length === 0 ? undefined : `not closed: ${open.join(' ')}`
}

const IMAGES = globSync('docs/img/*.svg', { cwd: ROOT })

for (const name of IMAGES) {
  test(name, () => {
    const text = readFileSync(join(ROOT, name), 'utf8')
    assert.equal(fault(text), undefined)
    assert.match(text, /<svg[^>]* xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
    assert.match(text, /<title>[^<]+<\/title>/)
    assert.doesNotMatch(text, /<script|href="https?:|url\(https?:/i)
    assert.ok(
      DOCUMENTS.some((document) => document.text.includes(name.replace('docs/', ''))),
      'no page shows it',
    )
  })
}

test('what is no XML is found out', () => {
  const cases: [text: string, wrong: RegExp][] = [
    ['<a><b></a></b>', /closes what is not open/],
    ['<a>', /not closed/],
    ['<a>1 < 2</a>', /bracket/],
    ['<a>R&D</a>', /entity/],
    ['<a b=c></a>', /bracket/],
  ]
  assert.equal(fault('<?xml version="1.0"?><a b="c &amp; d"><e/>R&amp;D</a>'), undefined)
  for (const [text, wrong] of cases) assert.match(fault(text) ?? '', wrong, text)
})

test('what Mermaid does not draw is found out', () => {
  const cases: [text: string, wrong: RegExp][] = [
    ['pie\n', /unknown drawing/],
    ['flowchart LR\na["b (c)"] --> d["e]', /^a/],
    ['flowchart LR\na[b (c)] --> d', /^a/],
    ['sequenceDiagram\nA->>B: one; two', /^A/],
    ['sequenceDiagram\nA->>B: until the end', /^A/],
    ['sequenceDiagram\nalt one\nA->>B: two', /1 blocks begin, 0 end/],
  ]
  assert.deepEqual(complaintsOf('flowchart TB\nsubgraph s["t"]\na["b (c)"] -->|"d"| e\nend'), [])
  for (const [text, wrong] of cases) assert.match(complaintsOf(text)[0] ?? '', wrong, text)
})
