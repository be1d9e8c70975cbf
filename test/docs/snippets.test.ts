/**
 * Every block of every document runs, or is listed in `elsewhere.ts` with the test that runs it. What comes after the fence
 * says what a block is; one that says nothing known fails.
 *
 * - `yaml`: a whole configuration. `yaml fragment`: one without its upstream. `yaml route`: a route of one. `yaml container`: a
 *   container whose variables are one. `yaml values`: values of the chart. It loads as `wsluice check` loads it, and later blocks run against it.
 * - `sh`: runs, and ends with 0, or with `exit=N`. `sh start`: starts the proxy. `text output` after it: what it printed, in
 *   which `…` stands for anything.
 * - `js`: runs as a page of https://app.example.com, and its handshakes are admitted; `js refused`: they are not; `js iframe`: as
 *   one of https://widget.example.com in it. `js program`: a command below runs it.
 * - `json`, `html`, `ts`, `promql`, `mermaid`, `text`: see the table at the end.
 *
 * A block with the name of a file is also written to it, for the blocks below.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { type LoadInput, loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problems.ts'
import { METRICS } from '../../src/observe/metric-names.ts'
import { manifests, template } from '../ship/helm.ts'
import { typeErrors } from '../ship/typed.ts'
import { ELSEWHERE } from './elsewhere.ts'
import { type Block, DOCUMENTS, type Document, fileOf, ROOT } from './markdown.ts'
import { complaintsOf } from './mermaid.ts'
import { type Ran, Workspace } from './workspace.ts'

interface Run {
  readonly space: Workspace
  readonly block: Block
  /** What the command before it did. */
  last: Ran | undefined
}

type Runner = (run: Run) => void | Promise<void>

const UPSTREAM = 'upstream: http://127.0.0.1:8000\n'

/** Loads a configuration that stands in the folder, with the files it names. */
function check({ space: { folder }, block: { place } }: Run, yaml: string, env: LoadInput['env'] = {}): void {
  const result = loadConfig({
    env,
    flags: yaml === '' ? {} : { config: 'shown.yaml' },
    cwd: folder,
    readFile: (path) => (path === join(folder, 'shown.yaml') ? yaml : readFileSync(path, 'utf8')),
  })
  assert.deepEqual(result.ok ? [] : result.problems.map(formatProblem), [], place)
  const warnings = result.ok
    ? result.warnings.filter((warning) => !/dry-run silences|without trustedProxies/.test(warning))
    : []
  assert.deepEqual(warnings, [], place)
}

/** A configuration: it loads, and what follows runs against it. */
const configuration =
  (complete: (text: string) => string): Runner =>
  async (run) => {
    const yaml = complete(run.block.text)
    check(run, yaml)
    await run.space.configure(yaml)
  }

const asRoute = (text: string) => `${UPSTREAM}routes:\n  - name: shown\n${text.replace(/^(?=.)/gm, '    ')}`

const container: Runner = (run) => {
  const [{ env }] = parse(run.block.text) as [{ env: { name: string; value: string }[] }]
  run.space.write('secrets/mounted', 'a secret of thirty-two bytes or so')
  const given = env.map(({ name, value }) => [name, value.replace(/^\/secrets\/\w+$/, 'secrets/mounted')])
  check(run, '', Object.fromEntries(given))
}

const commands: Runner = async (run) => {
  const { block, space } = run
  const expected = Number(block.words.find((word) => word.startsWith('exit='))?.slice('exit='.length) ?? 0)
  run.last = await space.run(block.text)
  assert.equal(run.last.code, expected, `${block.place}\n${run.last.out}\n${run.last.err}`)
}

const output: Runner = ({ block, space, last }) => {
  assert.ok(last, `${block.place}: output of nothing`)
  const lines = space.local(block.text).trimEnd().split('\n').map(literal)
  const pattern = new RegExp(lines.join('\\n').replaceAll('…', '[^]*?'))
  assert.match(last.out + last.err, pattern, block.place)
}

const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

const page =
  (expected: string, origin?: string): Runner =>
  async ({ block, space }) => {
    const outcomes = await space.visit(block.text, origin)
    assert.ok(outcomes.length > 0, `${block.place} opens no connection`)
    for (const outcome of outcomes) assert.equal(outcome, expected, block.place)
  }

/** A piece of our sources, in order, lines left out where it says `…`. */
const source: Runner = ({ block }) => {
  const file = fileOf(block) ?? ''
  assert.ok(existsSync(join(ROOT, file)), `${block.place} does not name its file`)
  const shown = block.text.slice(block.text.indexOf('\n') + 1)
  assert.ok(readFileSync(join(ROOT, file), 'utf8').includes(shown.trim()), `${block.place} is not in ${file}`)
}

const query: Runner = ({ block }) => {
  const names = block.text.match(/\b(?:ws|websocket)_\w+/g) ?? []
  assert.ok(names.length > 0, block.place)
  for (const name of names)
    assert.ok(Object.hasOwn(METRICS, name.replace(/_(?:bucket|count|sum)$/, '')), `${block.place} ${name}`)
}

const RUNNERS: Readonly<Record<string, Runner>> = {
  yaml: configuration((text) => text),
  'yaml fragment': configuration((text) => UPSTREAM + text),
  'yaml route': configuration(asRoute),
  'yaml container': container,
  'yaml values': ({ block }) => {
    const { ok, text, errors } = template(block.text)
    assert.ok(ok, `${block.place}: ${errors}`)
    assert.deepEqual(typeErrors(manifests(text)), [], block.place)
  },
  sh: commands,
  'sh start': ({ block, space }) => space.start(block.text),
  'text output': output,
  js: page('admitted'),
  'js refused': page('rejected'),
  'js iframe': page('admitted', 'https://widget.example.com'),
  // A program with a name; a command below runs it.
  'js program': ({ block }) => assert.ok(fileOf(block), block.place),
  json: ({ block }) => assert.doesNotThrow(() => JSON.parse(block.text), block.place),
  ts: source,
  promql: query,
  // Run side by side by this test, which fails where it finds none.
  nginx: ({ block }) => {
    assert.match(block.place, /^docs\/from-nginx\.md:/)
    assert.ok(existsSync(join(ROOT, 'test/real/from-nginx.real.ts')))
  },
  mermaid: ({ block }) => assert.deepEqual(complaintsOf(block.text), [], block.place),
  // A drawing.
  text: ({ block }) => assert.doesNotMatch(block.text, /^[$>] |^(?:npm|curl|wsluice) /m, block.place),
}

/** What a block is: its language and the first word that is neither a file nor an exit. */
const kindOf = ({ language, words }: Block) =>
  [language, words.find((word) => /^[a-z]+$/.test(word))].filter((word) => word !== undefined).join(' ')

const elsewhere = ({ name }: Document, { text }: Block) =>
  ELSEWHERE.filter(({ document, shows }) => document === name && shows.test(text))

for (const document of DOCUMENTS) {
  const blocks = document.blocks.filter((block) => elsewhere(document, block).length === 0)
  if (blocks.length === 0) continue
  test(`${document.name}: its ${blocks.length} blocks hold`, async (t) => {
    const space = await Workspace.open(t)
    let last: Ran | undefined
    for (const block of blocks) {
      const kind = kindOf(block)
      const runner = RUNNERS[kind]
      assert.ok(runner, `${block.place}: a block of the kind "${kind}", which nothing tests`)
      const file = fileOf(block)
      if (file !== undefined && kind !== 'ts') space.write(file, block.text)
      const run: Run = { space, block, last }
      await runner(run)
      last = run.last
    }
  })
}

test('a block that runs elsewhere is there, once, and so is the test that runs it', () => {
  const scripts = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object }).scripts
  for (const entry of ELSEWHERE) {
    const document = DOCUMENTS.find(({ name }) => name === entry.document)
    const shown = document?.blocks.filter((block) => entry.shows.test(block.text)) ?? []
    assert.equal(shown.length, 1, `${entry.document} ${entry.shows}`)
    if (entry.testedBy !== 'scripts') {
      assert.ok(existsSync(join(ROOT, entry.testedBy)), entry.testedBy)
      continue
    }
    for (const [, name = ''] of (shown[0]?.text ?? '').matchAll(/npm (?:run )?(?!ci\b)([\w:]+)/g)) {
      assert.ok(Object.hasOwn(scripts, name), `${entry.document}: npm run ${name}`)
    }
  }
})
