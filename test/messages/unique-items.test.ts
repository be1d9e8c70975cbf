import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { compileSchema } from '../../src/messages/schema.ts'

test('items are unique exactly where none of them equals another', () => {
  const validate = compileSchema('{"uniqueItems":true}')
  const item = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown)
  fc.assert(
    fc.property(
      fc.array(fc.oneof(item, fc.constantFrom(0, 1, '0', '1', null, [], {}, [0], { a: 0 })), { maxLength: 8 }),
      (items) => {
        const isUnique = items.every((one, at) => !items.slice(0, at).some((other) => isDeepStrictEqual(one, other)))
        assert.equal(validate(items, 1000) === undefined, isUnique)
      },
    ),
    { numRuns: 1000 },
  )
})
