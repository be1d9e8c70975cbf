import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileSchema } from '../../src/messages/schema.ts'

function compiled(schema: unknown) {
  const validate = compileSchema(JSON.stringify(schema))
  return (value: unknown, bytes = 100) => validate(value, bytes)
}

const BAD: [name: string, text: string, expected: RegExp][] = [
  ['no JSON', '{"type":\n  "string",,}', /^is not JSON( at line 2, column 12)?$/],
  ['cut off', '{', /^is not JSON/],
  ['a list', '[]', /^expected a JSON Schema: an object, true or false$/],
  ['a text', '"type"', /^expected a JSON Schema/],
  ['a key twice', '{"type":"object","type":"array"}', /^a key stands twice in an object$/],
  ['a keyword misspelled', '{"requierd":["a"]}', /unknown keyword: "requierd"/],
  ['a type that is none', '{"properties":{"a":{"type":"strin"}}}', /^\/properties\/a\/type must be/],
  [
    'another draft',
    '{"$schema":"http://json-schema.org/draft-07/schema#"}',
    /^expected JSON Schema 2020-12: set \$schema/,
  ],
  ['a reference to another file', '{"$ref":"other.json"}', /^\$ref other\.json: other files are not read/],
  ['a reference to the network', '{"$ref":"https://example.com/a"}', /^\$ref https:.*other files are not read/],
  ['a reference to nothing', '{"$ref":"#/$defs/x"}', /^\$ref #\/\$defs\/x: there is no such place in this schema$/],
  ['what is judged later, and so never', '{"$async":true}', /^\/\$async: is no keyword/],
  ['the same far inside', '{"$defs":{"a":{"$async":true}},"$ref":"#/$defs/a"}', /^\/\$defs\/a\/\$async: is no keyword/],
  ['look-ahead', '{"pattern":"^(?=.*a)"}', /expected a regular expression that RE2 knows: .*\(\?=/],
  ['a back-reference', '{"pattern":"(a)\\\\1"}', /expected a regular expression that RE2 knows/],
  ['a key pattern', '{"patternProperties":{"(?!a)":{}}}', /expected a regular expression that RE2 knows/],
  ['a format that is none', '{"format":"telephone"}', /^unknown format "telephone": expected one of date, time,/],
  ['nested too deeply', `${'{"not":'.repeat(300)}{}${'}'.repeat(300)}`, /^more than 256 objects/],
]

for (const [name, text, expected] of BAD) {
  test(`refused at load: ${name}`, () =>
    assert.throws(
      () => compileSchema(text),
      (error: Error) => expected.test(error.message),
    ))
}

const TREE = {
  $id: 'https://example.com/tree',
  $dynamicAnchor: 'node',
  type: 'object',
  properties: { children: { type: 'array', items: { $dynamicRef: '#node' } } },
}
const REFERRING = { $defs: { base: { properties: { a: true } } }, $ref: '#/$defs/base' }

const CASES: [name: string, schema: unknown, value: unknown, isValid: boolean][] = [
  ['a type', { type: 'object' }, [], false],
  ['an inherited name is not there', { required: ['constructor'] }, {}, false],
  ['an inherited name that is there', { required: ['constructor'] }, JSON.parse('{"constructor":1}'), true],
  ['toString is no property', { properties: { toString: { type: 'number' } } }, {}, true],
  ['__proto__ is one more', { additionalProperties: false }, JSON.parse('{"__proto__":1}'), false],
  ['2020-12: prefixItems', { prefixItems: [{ const: 1 }], items: false }, [1, 2], false],
  ['2020-12: dependentRequired', { dependentRequired: { a: ['b'] } }, { a: 1 }, false],
  [
    '2020-12: unevaluatedProperties',
    { allOf: [{ properties: { a: true } }], unevaluatedProperties: false },
    { b: 1 },
    false,
  ],
  ['2020-12: $defs', { $defs: { n: { type: 'number' } }, $ref: '#/$defs/n' }, 'x', false],
  ['a pattern matches anywhere', { pattern: 'b' }, 'abc', true],
  ['its end is the end of the text', { pattern: '^a$' }, 'a\n', false],
  ['its characters are code points', { pattern: '^.$' }, '😀', true],
  ['an escape of JavaScript', { pattern: '^\\u0061\\/\\d$' }, 'a/1', true],
  ['an infinite number', { type: 'number' }, Infinity, false],
  ['a date', { format: 'date' }, '2026-02-30', false],
  ['an address', { format: 'email' }, 'ann@example.com', true],
  ['no address', { format: 'email' }, 'ann', false],
  ['an IPv6 address', { format: 'ipv6' }, '::ffff:1.2.3.4', true],
  ['a UUID in capitals', { format: 'uuid' }, 'F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6', true],
  ['a text too long for a format', { format: 'email' }, `${'a'.repeat(9000)}@example.com`, false],
  ['items that are all different', { uniqueItems: true, maxItems: 3 }, [{ a: 1 }, { a: 2 }], true],
  ['items that are not', { uniqueItems: true, maxItems: 3 }, [{ a: 1 }, { a: 1 }], false],
  [
    'items in another order of keys',
    { uniqueItems: true },
    [
      { a: 1, b: [2] },
      { b: [2], a: 1 },
    ],
    false,
  ],
  ['items of other types', { uniqueItems: true }, [1, '1', true, 'true', null, 'null', [], {}, [[]]], true],
  ['items that may be the same', { uniqueItems: false }, [1, 1], true],
  ['a property that is called uniqueItems', { properties: { uniqueItems: true } }, { uniqueItems: [1, 1] }, true],
  ['a property that is called $ref', { properties: { $ref: { type: 'string' } } }, { $ref: 1 }, false],
  ['a constant that looks like a schema', { const: { $ref: 'x' } }, { $ref: 'x' }, true],
  ['a multiple of a decimal', { multipleOf: 0.01 }, 19.99, true],
  ['no multiple of a decimal', { multipleOf: 0.01 }, 19.991, false],
  ['2020-12: $dynamicRef', TREE, { children: [{ children: [] }] }, true],
  ['2020-12: $dynamicRef, far inside', TREE, { children: [{ children: [1] }] }, false],
  ['2020-12: unevaluatedProperties beside $ref', { ...REFERRING, unevaluatedProperties: false }, { a: 1 }, true],
  ['2020-12: the same, of another', { ...REFERRING, unevaluatedProperties: false }, { b: 1 }, false],
  ["OpenAPI's discriminator beside oneOf", { oneOf: [true], discriminator: { propertyName: 'a' } }, {}, true],
  ['true allows all', true, { a: 1 }, true],
  ['false allows nothing', false, 1, false],
]

for (const [name, schema, value, isValid] of CASES) {
  test(name, () => assert.equal(compiled(schema)(value) === undefined, isValid))
}

test('of several patterns each is judged', () => {
  const validate = compiled({
    properties: { a: { pattern: '^a$' }, b: { pattern: '^b$' } },
    patternProperties: { '^c': { pattern: '^c$' } },
  })
  assert.equal(validate({ a: 'a', b: 'b', c1: 'c' }), undefined)
  for (const wrong of [{ a: 'b' }, { b: 'a' }, { c1: 'a' }]) assert.match(validate(wrong) ?? '', /must match pattern/)
})

test('what is wrong is said with its place in the message and in the schema', () => {
  const wrong = compiled({ properties: { a: { items: { type: 'string' } } } })({ a: ['x', 1] })
  assert.equal(wrong, '/a/1 must be string (#/properties/a/items/type)')
})

test('a schema that refers to itself, and a message deeper than the stack', () => {
  const validate = compiled({ type: ['object', 'null'], properties: { a: { $ref: '#' } } })
  const deep: unknown = JSON.parse(`${'{"a":'.repeat(200_000)}null${'}'.repeat(200_000)}`)
  assert.equal(validate(deep), 'nested too deeply for its schema')
  assert.equal(validate({ a: { a: null } }), undefined)
})

/** Each would take longer than the universe, or a second at least, where expressions backtrack or items are compared all with all. */
const HOSTILE: [name: string, schema: unknown, value: unknown][] = [
  ['(a+)+$', { pattern: '^(a+)+$' }, `${'a'.repeat(100_000)}!`],
  ['(a|a)*$', { pattern: '^(a|a)*$' }, `${'a'.repeat(100_000)}!`],
  [
    'items that are compared',
    { uniqueItems: true },
    Array.from({ length: 20_000 }, (_, a) => [...Array(20).fill(0), a]),
  ],
  ...[
    'email',
    'uri',
    'uri-reference',
    'hostname',
    'date-time',
    'duration',
    'ipv6',
    'uri-template',
    'json-pointer',
  ].flatMap((format) =>
    ['a', 'a.', '1:', '/', '%41', 'a@', '-', '~0', '2020-01-01T'].map((unit): [string, unknown, string] => [
      `${format} of ${unit}`,
      { format },
      `${unit.repeat(500_000)}!`,
    ]),
  ),
]

test('time is linear, whatever is sent', () => {
  for (const [name, schema, value] of HOSTILE) {
    const validate = compiled(schema)
    const begin = performance.now()
    validate(value)
    assert.ok(performance.now() - begin < 500, name)
  }
})

/** Two alternatives of a node hold a node: without a bound each level of a message would take twice as long as the one in it. */
const branch = (name: string) => ({
  type: 'object',
  properties: { child: { $ref: '#/$defs/node' }, name: { const: name } },
  required: ['child'],
})
const DOUBLING = { $defs: { node: { anyOf: [branch('a'), branch('b'), { type: 'string' }] } }, $ref: '#/$defs/node' }

test('a schema whose alternatives refer to itself has an end', () => {
  const validate = compiled(DOUBLING)
  const nested = (depth: number, last: unknown): unknown =>
    depth === 0 ? last : { child: nested(depth - 1, last), name: depth % 2 ? 'a' : 'b' }
  assert.equal(validate(nested(6, 'x')), undefined)
  assert.match(validate(nested(6, 1)) ?? '', /must/)
  const begin = performance.now()
  assert.match(validate(nested(100, 1)) ?? '', /^judging it takes too many steps/)
  assert.ok(performance.now() - begin < 500)
})

test('a long message that refers much passes, and so does the next after one that was refused', () => {
  const validate = compiled({ $defs: { item: { type: 'integer' } }, items: { $ref: '#/$defs/item' } })
  const many = Array.from({ length: 100_000 }, () => 1)
  assert.match(validate(many, 10) ?? '', /^judging it takes too many steps/)
  assert.equal(validate(many, 2 * many.length), undefined)
  assert.equal(validate([1], 3), undefined)
})
