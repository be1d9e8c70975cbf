/** What the documents show is true of the code. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { loadConfig } from '../src/config/load.ts'
import { formatProblem } from '../src/config/problems.ts'

const SECRET = 'a secret of at least thirty-two bytes'

const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')

/** The fenced blocks of a language in a Markdown text. */
const blocks = (markdown: string, language: string): string[] =>
  [...markdown.matchAll(/^```(\w+)\n(.*?)^```/gms)]
    .filter((match) => match[1] === language)
    .map((match) => match[2] ?? '')

const load = (yaml: string, env: Record<string, string> = {}) =>
  loadConfig({
    env: { ...env, WS_CONFIG: '/docs/wsluice.yaml' },
    flags: {},
    cwd: '/docs',
    readFile: (path) => (path.endsWith('wsluice.yaml') ? yaml : SECRET),
  })

test('every configuration in the README loads, without a warning but that of its dry run', () => {
  const files = blocks(read('README.md'), 'yaml').filter((block) => block.startsWith('# wsluice.yaml'))
  assert.ok(files.length >= 2)
  for (const yaml of files) {
    const result = load(yaml)
    assert.deepEqual(result.ok ? [] : result.problems.map(formatProblem), [])
    const warnings = result.ok ? result.warnings.filter((warning) => !/dry-run silences/.test(warning)) : []
    assert.deepEqual(warnings, [])
  }
})

test('the sidecar of the README is a configuration', () => {
  const sidecar = blocks(read('README.md'), 'yaml').find((block) => block.includes('- name: wsluice')) ?? ''
  const env = Object.fromEntries(
    [...sidecar.matchAll(/\{ name: (WS_\w+), value: "?([^"}]+?)"? \}/g)].map((match) => [match[1], match[2]]),
  )
  assert.ok(Object.keys(env).length >= 4)
  const result = loadConfig({ env, flags: {}, cwd: '/', readFile: () => SECRET })
  assert.deepEqual(result.ok ? result.warnings : result.problems.map(formatProblem), [])
})

test('the two commands of the README are scripts', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const named = [...read('README.md').matchAll(/npm (?:run )?([\w:]+)/g)].map((match) => match[1] ?? '')
  for (const name of new Set(named.filter((name) => name !== 'ci'))) assert.ok(scripts[name], `npm run ${name}`)
})

test('what the README calls not built yet is refused at start', () => {
  for (const setting of ['store: redis://localhost', 'cors: []']) {
    const result = load(`upstream: http://127.0.0.1:1\n${setting}\n`)
    assert.equal(result.ok, false, setting)
  }
})

test('every relative link in the documents leads somewhere', () => {
  for (const name of ['README.md', 'CONTRIBUTING.md', 'DECISIONS.md', 'SECURITY.md', 'CHANGELOG.md']) {
    for (const [, target = ''] of read(name).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)) {
      if (target !== 'config') assert.doesNotThrow(() => read(target), `${name}: ${target}`)
    }
  }
})
