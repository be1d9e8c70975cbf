/** What the documents call by name is there: metrics, variables, settings, reasons, fields of the log, commands, requests. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AdminActions } from '../../src/admin/actions.ts'
import { handle } from '../../src/admin/routes.ts'
import { LINES } from '../../src/observe/lines.ts'
import { METRICS } from '../../src/observe/metric-names.ts'
import { REASONS } from '../../src/policy/reasons.ts'
import { commandLine } from '../support/command-line.ts'
import { codeWords, DOCUMENTS, documentNamed, ROOT } from './markdown.ts'

const reference = documentNamed('config/REFERENCE.md').text

/** Settings by their paths, and the sections they stand in. */
const SETTINGS = new Set(
  [...reference.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([\w.[\]<>]+)`/g)].map(([, path = '']) => path.replaceAll('[]', '')),
  ),
)
const VARIABLES = new Set(reference.match(/\bWS_[A-Z_<>]+\b/g))
/** As `lines.ts` writes them. */
const FIELDS = new Set(
  [...readFileSync(join(ROOT, 'src/observe/lines.ts'), 'utf8').matchAll(/\b([a-z]+(?:_[a-z]+)*):/g)].map(
    ([, name]) => name,
  ),
)

/** Names of others: claims, parameters, values of the log; what nginx and RFC 7692 call theirs. */
const OTHERS = [
  ...['site_token', 'parent_origin', 'allowed_domains', 'session_id', 'dialog_id', 'connection_init', 'expires_in'],
  ...['would_reject', 'upstream_error', 'limit_conn', 'auth_request', 'client_no_context_takeover'],
]
const LABELS = Object.values(METRICS).flatMap(({ labels }): readonly string[] => labels)

/** The words of this shape in every document. */
const words = (shape: RegExp) =>
  DOCUMENTS.filter(({ name }) => name !== 'DECISIONS.md').flatMap((document) =>
    codeWords(document)
      .filter((word) => shape.test(word))
      .map((word) => ({ place: document.name, word })),
  )

const isMetric = (name: string) => Object.hasOwn(METRICS, name.replace(/_(?:bucket|count|sum)$/, ''))

test('metrics', () => {
  const named = words(/^(?:ws|websocket)_[a-z_]+(?:\{.*\})?$/)
  assert.ok(named.length > 10)
  for (const { place, word } of named) assert.ok(isMetric(word.replace(/\{.*/, '')), `${place}: ${word}`)
})

test('labels of metrics', () => {
  for (const { place, word } of words(/^ws_[a-z_]+\{.*\}$/)) {
    const [, name = '', labels = ''] = /^(\w+)\{(.*)\}$/.exec(word) ?? []
    const known: readonly string[] = METRICS[name as keyof typeof METRICS].labels // `metrics` says that it is one
    for (const [label = ''] of labels.matchAll(/\w+(?==|,|$)/g)) assert.ok(known.includes(label), `${place}: ${word}`)
  }
})

/** The places of words of a shape that nothing knows. */
const unknown = (shape: RegExp, isKnown: (word: string) => boolean) =>
  words(shape)
    .filter(({ word }) => !isKnown(word))
    .map(({ place, word }) => `${place}: ${word}`)

test('variables', () => {
  const isKnown = (word: string) => VARIABLES.has(word.replace(/=.*/, '')) || word.startsWith('WS_CONFIG')
  assert.deepEqual(unknown(/^WS_[A-Z_]+(?:=.*)?$/, isKnown), [])
})

test('reasons, events and fields', () => {
  const known = [REASONS, LINES, METRICS].flatMap((table) => Object.keys(table))
  const all = new Set([...known, ...FIELDS, ...LABELS, ...OTHERS])
  assert.deepEqual(
    unknown(/^[a-z]+(?:_[a-z]+)+$/, (word) => all.has(word)).filter((place) => !/from-nginx/.test(place)),
    [],
  )
})

test('settings', () => {
  const shape = /^[a-z][A-Za-z]+(?:\.[a-z<][a-zA-Z<>]*)+(?:: .*)?$/
  assert.ok(words(shape).length > 40)
  const isKnown = (word: string) => {
    const path = word.replace(/:.*/, '').replace(/^closeCodes\.\w+$/, 'closeCodes.preset')
    // A candidate is a limit, and in the log has the name of one.
    return NOT_OURS.test(path) || SETTINGS.has(path) || SETTINGS.has(`limits.${path}`)
  }
  assert.deepEqual(unknown(shape, isKnown), [])
})

/** Files, values of the chart, names of hosts, properties in JavaScript, system settings. */
const NOT_OURS =
  /\.(?:md|ya?ml|json|js|mjs|ts|svg|conf|com|example|evil|localhost|internal)$|<limit>$|^(?:monitoring|autoscaling|image|wsluice|fs|net|document|location|event)\./

test('commands', async () => {
  const { out } = await commandLine(['--help'])
  const commands = new Set([...out.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = '']) => name))
  assert.ok(commands.has('explain'))
  for (const { place, word } of words(/^wsluice [a-z]+/)) {
    assert.ok(commands.has(/^wsluice ([a-z]+)/.exec(word)?.[1] ?? ''), `${place}: ${word}`)
  }
})

test('requests of the admin API', async () => {
  // The page that lists them needs none of the actions.
  const { body } = await handle(
    { method: 'GET', path: '/', query: new URLSearchParams(), body: '' },
    {} as AdminActions,
  )
  for (const { place, word } of words(/^(?:GET|POST|DELETE) \/api\//)) {
    const [method, path] = word
      .replace(/[?{].*/, '')
      .trim()
      .split(' ')
    const shown = path?.replace(/\/:?id$/i, '/ID')
    assert.match(String(body), new RegExp(`^${method} +${shown}(?:[ ?]|$)`, 'm'), `${place}: ${word}`)
  }
})

test('every reason has its row in the page of close codes, with its code', () => {
  const { text } = documentNamed('docs/close-codes.md')
  for (const [reason, { code }] of Object.entries(REASONS)) {
    const row = new RegExp(`^\\|[^|]*\`${reason}\`[^|]*\\| ${code} \\|`, 'm')
    assert.match(text, row, reason)
  }
})
