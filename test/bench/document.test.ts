import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replaceSection } from '../../bench/document.ts'

const BEGIN = '<!-- bench:relay: written by `npm run bench -- report` -->'
const END = '<!-- /bench:relay -->'

test('only what stands between the two comments is replaced', () => {
  const document = `# Before\n${BEGIN}\nold figures\n${END}\nafter\n`
  const replaced = replaceSection(document, 'relay', 'new figures')
  assert.equal(replaced, `# Before\n${BEGIN}\n\nnew figures\n\n${END}\nafter\n`)
  assert.equal(replaceSection(replaced, 'relay', 'new figures'), replaced)
})

const REFUSED = [
  ['no section', 'text'],
  ['a section without an end', BEGIN],
  ['the end first', `${END}\n${BEGIN}`],
  ['a section of another name', `${BEGIN}\n${END}`.replaceAll('relay', 'idle')],
] as const

for (const [name, document] of REFUSED) {
  test(`${name} is refused`, () =>
    assert.throws(() => replaceSection(document, 'relay', ''), /lacks the lines <!-- bench:relay/))
}
