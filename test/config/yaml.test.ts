import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Path } from '../../src/config/shape.ts'
import { readYaml } from '../../src/config/yaml.ts'

const TEXT = `listen: ":8080"
drain:
  timeout: 20s
  "jitter":   10s
routes:
  - name: a
    token: { from: [query:a, header:b], secret: x }
  - upstrem: http://127.0.0.1
empty:
base: &base { path: /x }
copy: *base
`

const POSITIONS: [path: Path, of: 'value' | 'key', expected: string | undefined][] = [
  [['listen'], 'value', '1:9'],
  [['listen'], 'key', '1:1'],
  [['drain', 'timeout'], 'value', '3:12'],
  [['drain', 'jitter'], 'key', '4:3'],
  [['drain', 'jitter'], 'value', '4:15'],
  [['routes', 0], 'value', '6:5'],
  [['routes', 0, 'token', 'from', 1], 'value', '7:30'],
  [['routes', 1, 'upstrem'], 'key', '8:5'],
  [['empty'], 'value', '9:1'],
  [['copy', 'path'], 'value', '10:21'],
  [['drain', 'delay'], 'value', '2:1'],
  [['routes', 1, 'token', 'from'], 'value', '8:5'],
  [['upstream'], 'value', undefined],
  [[], 'value', undefined],
]

for (const [path, of, expected] of POSITIONS) {
  test(`the ${of} of ${path.join('.')} stands at ${expected}`, () => {
    const at = readYaml(TEXT).positionOf(path, of)
    assert.equal(at && `${at.line}:${at.column}`, expected)
  })
}

const VALUES: [name: string, text: string, values: unknown][] = [
  ['nothing', '', {}],
  ['a comment', '# none\n', {}],
  ['JSON', '{"listen": ":80", "drain": {"timeout": "1s"}}', { listen: ':80', drain: { timeout: '1s' } }],
  ['JSON indented with tabs', '{\n\t"listen": ":80"\n}', { listen: ':80' }],
  ['words that YAML 1.1 made booleans', 'a: no\nb: off\nc: yes\nd: on\n', { a: 'no', b: 'off', c: 'yes', d: 'on' }],
  ['the same under a 1.1 directive', '%YAML 1.1\n---\na: no\n', { a: 'no' }],
  ['numbers', 'a: 10\nb: 1_000\nc: 12:30\nd: 1.5\ne: -3\n', { a: 10, b: '1_000', c: '12:30', d: 1.5, e: -3 }],
  [
    'numbers that would read back otherwise, as they are written',
    'a: 010\nb: 1e3\nc: 0x1F\nd: 1.10\ne: +5\n0123: &n 1.0\nf: *n\n',
    { a: '010', b: '1e3', c: '0x1F', d: '1.10', e: '+5', '0123': '1.0', f: '1.0' },
  ],
  ['no merge keys', 'a: &a { x: 1 }\nb: { <<: *a }\n', { a: { x: 1 }, b: { '<<': { x: 1 } } }],
  ['windows line ends and a byte order mark', '\uFEFFa: 1\r\nb: 2\r\n', { a: 1, b: 2 }],
]

for (const [name, text, values] of VALUES) {
  test(`reads ${name}`, () => {
    const file = readYaml(text)
    assert.deepEqual(file.problems, [])
    assert.deepEqual(file.values, values)
  })
}

const PROBLEMS: [name: string, text: string, expected: RegExp][] = [
  ['a key twice', 'a: 1\nb: 2\na: 3\n', /^3:1 this key stands twice/],
  ['a tab', 'a:\n\tb: 1\n', /^2:1 /],
  ['an open quote', 'a: "x\n', /^\d:\d+ a quote, bracket/],
  ['an open bracket', 'a: [x\n', /^\d:\d+ .*bracket that is not closed/],
  ['a reserved character', 'a: @x\n', /^1:4 a text that begins with this character needs quotes/],
  ['two documents', 'a: 1\n---\nb: 2\n', /^\d:\d expected one document/],
  ['a tag', 'a: !js/function x\n', /^1:4 tags/],
  ['binary', 'a: !!binary aGk=\n', /^1:4 tags/],
  ['an unknown alias', 'a: *nothing\n', /^1:4 an alias/],
  ['a list', '- a\n', /^1:1 expected settings/],
  ['a text', 'wsluice\n', /^1:1 expected settings/],
  ['a mapping as key', '? { a: 1 }\n: 2\n', /^1:3 a key is the name/],
  ['__proto__', 'a: 1\n__proto__: { polluted: 1 }\n', /^2:1 a key is the name/],
  ['__proto__ below', 'a: { "__proto__": { polluted: 1 } }\n', /^1:6 a key is the name/],
]

for (const [name, text, expected] of PROBLEMS) {
  test(`refuses ${name}`, () => {
    const lines = readYaml(text).problems.map(({ at, message }) => `${at.line}:${at.column} ${message}`)
    assert.match(lines[0] ?? '', expected)
  })
}

test('a prototype is never made of a file', () => {
  const { values } = readYaml('a: 1\n__proto__: { polluted: 1 }\n')
  assert.deepEqual(Object.keys(values), ['a'])
  assert.equal(Reflect.get(values, 'polluted'), undefined)
  assert.equal(Reflect.get({}, 'polluted'), undefined)
})

test('an anchor bomb is refused at once', () => {
  const levels = Array.from(
    { length: 30 },
    (_, level) => `a${level + 1}: &a${level + 1} [${Array(9).fill(`*a${level}`)}]`,
  )
  const { problems, values } = readYaml(`a0: &a0 [x]\n${levels.join('\n')}\n`)
  assert.match(problems[0]?.message ?? '', /aliases .* repeat too much/)
  assert.deepEqual(values, {})
})

test('a list that holds itself is refused or read, not thrown', () => {
  assert.doesNotThrow(() => readYaml('routes: &all [*all]\n'))
})

test('deep nesting is refused, not thrown', () => {
  for (const open of ['[', '{a: ', '- ']) {
    const { problems } = readYaml(`a:\n ${open.repeat(100_000)}`)
    assert.ok(problems.length > 0, open)
  }
})

test('a message quotes nothing of the file', () => {
  const broken = [
    's3cr3t',
    'a: "s3cr3t',
    'a: @s3cr3t',
    '{ s3cr3t',
    'a: !s3cr3t x',
    'a: *s3cr3t',
    '%s3cr3t\n---\na: 1',
    's3cr3t: 1\ns3cr3t: 2',
    'a: "\\q s3cr3t"',
    '] s3cr3t',
    'a: b: s3cr3t',
  ]
  for (const text of broken) {
    const { problems } = readYaml(text)
    assert.ok(problems.length > 0, text)
    assert.doesNotMatch(JSON.stringify(problems), /s3cr3t/)
  }
})
