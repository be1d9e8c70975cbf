import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { VARIABLES } from '../../src/config/all.ts'
import { generated } from '../../src/config/generated.ts'
import { valueAt } from '../../src/config/record.ts'
import { jsonSchema } from '../../src/config/schema.ts'
import { metricRows } from '../../src/observe/metric-rows.ts'
import { REASON_KEYS } from '../../src/policy/reasons.ts'

for (const [name, content] of generated(metricRows())) {
  test(`config/${name} is current: npm run generate`, () => {
    assert.equal(readFileSync(new URL(`../../config/${name}`, import.meta.url), 'utf8'), content)
  })
}

test('the reference names every variable and every reason', () => {
  const text = generated(metricRows()).get('REFERENCE.md') ?? ''
  for (const { name } of VARIABLES.filter((variable) => !variable.path.includes('closeCodes'))) {
    assert.ok(text.includes(`\`${name}\``), name)
  }
  for (const reason of REASON_KEYS) assert.ok(text.includes(`<a id="${reason}"></a>`), reason)
})

const ROUTE = ['properties', 'routes', 'items', 'properties']

const SCHEMA: [path: (string | number)[], expected: unknown][] = [
  [['additionalProperties'], false],
  [
    ['properties', 'mode', 'enum'],
    ['enforce', 'dry-run'],
  ],
  [['properties', 'adminTokenFile', 'type'], 'string'],
  [['properties', 'handshakeTimeout', 'default'], '10s'],
  [[...ROUTE, 'token', 'properties', 'secretFile', 'type'], 'string'],
  [[...ROUTE, 'token', 'properties', 'publicKey', 'type'], 'string'],
  [[...ROUTE, 'token', 'additionalProperties'], false],
  [[...ROUTE, 'origin', 'required'], ['allow']],
  [[...ROUTE, 'limits', 'properties', 'controlFrames', 'anyOf', 1, 'type'], 'string'],
]

for (const [path, expected] of SCHEMA) {
  test(`schema ${path.join('.')}`, () => assert.deepEqual(valueAt(jsonSchema(), path), expected))
}

test('no mark of a declaration is left in the schema', () => {
  const marks = new Set<string>()
  const collect = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, inner] of Object.entries(value)) {
      if (['doc', 'words', 'turnsOn', 'env', 'flag', '_prefault'].includes(key)) marks.add(key)
      collect(inner)
    }
  }
  collect(jsonSchema())
  assert.deepEqual([...marks], [])
})
