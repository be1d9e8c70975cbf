import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileExpression } from '../../src/messages/expression.ts'
import { secretsOf } from '../../src/messages/secrets.ts'

const { foundIn, redacted } = secretsOf(
  [compileExpression('sk-[a-z]+'), compileExpression('\\b\\d{16}\\b')],
  ['password'],
)

test('what was found is said, and not repeated', () => {
  assert.equal(foundIn('{"a":"sk-abc"}'), 'what deny[0] matches')
  assert.equal(foundIn('1234567812345678'), 'what deny[1] matches')
  assert.equal(foundIn('{"Password":"x"}'), 'a field that is named in fields')
  assert.equal(foundIn('{"a":"b"}'), undefined)
})

test('what is redacted is JSON still, and the rest as it was', () => {
  const text = '{"n": 12345678901234567890, "password": {"a": "sk-abc"}, "b":"x sk-abc y sk-d", "n":1234567812345678}'
  const left = '{"n": 12345678901234567890, "password": "[redacted]", "b":"x [redacted] y [redacted]", "n":[redacted]}'
  assert.equal(redacted(text), left)
})

test('what would be found again is not let through', () => {
  const hungry = secretsOf([compileExpression('redacted')], [])
  assert.equal(hungry.redacted('redacted'), undefined)
})

test('what is escaped is what it stands for; what cannot be cut out of it does not pass', () => {
  const { foundIn: found, redacted: left } = secretsOf([compileExpression('[A-Z]{4}/[é-]{2}')], [])
  for (const text of ['"ABCD/é-"', '"ABCD\\/é-"', '"\\u0041BCD\\u002F\\u00e9\\u002d"']) assert.ok(found(text), text)
  assert.equal(found('"ABCD\\\\/é-"'), undefined)
  assert.equal(left('"ABCD/é-"'), '"[redacted]"')
  assert.equal(left('"ABCD/é-, ABCD\\/é-"'), undefined)
})
