import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { test } from 'node:test'
import { URL } from 'node:url'

/** The parts of the tree: folders of `src`, and the files beside them by their names. */
const KNOWLEDGE = ['frames', 'net', 'limits', 'tokens', 'authorization', 'messages']

/** Who may import whom. A part that is not named in a list may not be imported there. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  // The kernel, and what every setting is read with: they know nothing of us.
  policy: [],
  settings: [],
  frames: [],
  net: [],
  limits: [],
  tokens: [],
  authorization: [],
  messages: [],
  checks: ['policy', 'settings', ...KNOWLEDGE],
  // It warns of secrets that are too short, which tokens knows.
  config: ['settings', 'checks', 'net', 'policy', 'tokens'],
  observe: ['policy'],
  // It takes the address it listens on as the setting was read.
  proxy: ['policy', 'net', 'frames', 'observe', 'settings'],
  // What they do to the proxy are functions handed in.
  ops: ['observe', 'policy', 'config', 'proxy'],
  admin: ['observe', 'policy', 'config', 'proxy'],
  // How sections of a configuration become steps.
  assemble: ['policy', 'checks', 'config', ...KNOWLEDGE],
  'assemble.ts': ['assemble', 'policy', 'checks', 'config', ...KNOWLEDGE],
  // The composition root of a running proxy.
  serve: ['assemble.ts', 'config', 'settings', 'checks', 'policy', ...KNOWLEDGE, 'observe', 'proxy', 'ops', 'admin'],
  // Processes that share one port: the primary's side and the worker's.
  workers: ['serve', 'config', 'settings', 'policy', 'limits', 'tokens', 'observe', 'proxy'],
  // `explain` judges without a proxy: it makes its own counts.
  cli: [
    'assemble.ts',
    'config',
    'settings',
    'policy',
    'limits',
    'tokens',
    'authorization',
    'observe',
    'serve',
    'workers',
    'proxy',
    'demo',
  ],
  // Its backend answers the handshake and echoes frames.
  demo: ['serve', 'config', 'settings', 'tokens', 'policy', 'observe', 'frames'],
  'main.ts': ['cli'],
}

/** Of these parts only some files, or only types, may be imported by another. */
const ONLY: readonly { from: string; to: string; files?: readonly string[]; types?: true }[] = [
  { from: 'proxy', to: 'observe', types: true },
  // All three are HTTP servers: each answers the requests of a connection in turn.
  { from: 'ops', to: 'proxy', files: ['proxy/turn.ts'] },
  { from: 'admin', to: 'proxy', files: ['proxy/turn.ts'] },
  // `explain` describes a request, and says what its client is told and what ends it, with the proxy's own words.
  { from: 'cli', to: 'proxy', files: ['proxy/describe.ts', 'proxy/refuse.ts', 'proxy/slow-consumer.ts'] },
]

/** Libraries that one file each knows. */
const ONE_FILE: Readonly<Record<string, string>> = {
  jose: 'tokens/jose.ts',
  'prom-client': 'observe/metrics.ts',
  commander: 'cli/program.ts',
  convict: 'config/layers.ts',
  'ipaddr.js': 'net/address.ts',
  'lru-cache': 'tokens/remembered.ts',
}

const FORBIDDEN_NAMES = /^(?:utils?|helpers?|common|misc|manager|shared)\b|[-_](?:utils?|helpers?|manager)\b/i

const ROOT = new URL('../', import.meta.url)

interface Import {
  readonly specifier: string
  readonly isType: boolean
}

interface Source {
  /** Within `src`. */
  readonly path: string
  readonly part: string
  readonly text: string
  readonly imports: readonly Import[]
}

const IMPORT =
  /^\s*(?:import|export)\s(type\s)?[^'"`;]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm

function importsOf(text: string): Import[] {
  return [...text.matchAll(IMPORT)].map(([, isType, from, bare, dynamic]) => ({
    specifier: from ?? bare ?? dynamic ?? '',
    isType: isType !== undefined,
  }))
}

const sources: Source[] = globSync('src/**/*.ts', { cwd: ROOT })
  .map((file) => file.replaceAll('\\', '/'))
  .map((file) => {
    const text = readFileSync(new URL(file, ROOT), 'utf8')
    const path = file.slice('src/'.length)
    return { path, part: partOf(path), text, imports: importsOf(text) }
  })

function partOf(path: string): string {
  return path.split('/')[0] ?? path
}

/** `a.ts imports b.ts`, for every import of a file that the tables do not allow. */
function strangers({ path, part, imports }: Source): string[] {
  return imports.flatMap(({ specifier, isType }) => {
    if (!specifier.startsWith('.')) return []
    const target = posix.join(posix.dirname(path), specifier)
    const to = partOf(target)
    const isOwn = to === part || MAY_IMPORT[part]?.includes(to)
    const narrowed = ONLY.find((rule) => rule.from === part && rule.to === to)
    const isNarrow = !narrowed || ((narrowed.files?.includes(target) ?? true) && (isType || !narrowed.types))
    return isOwn && isNarrow ? [] : [`${path} imports ${isType ? 'a type of ' : ''}${target}`]
  })
}

/** Without comments and the contents of quotes, for rules about code. */
const codeOf = (text: string) =>
  text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
    .replace(/(^|\s)\/\/.*$/gm, '$1')

test('there are sources, and their imports are found', () => {
  assert.ok(sources.length > 120)
  assert.ok(sources.flatMap(({ imports }) => imports).length > 400)
  assert.deepEqual(importsOf("import type { A } from './a.ts'\nimport {\n  b,\n} from './b.ts'\nimport './c.ts'\n"), [
    { specifier: './a.ts', isType: true },
    { specifier: './b.ts', isType: false },
    { specifier: './c.ts', isType: false },
  ])
})

test('every part of the tree stands in the table', () => {
  const parts = new Set(sources.map(({ part }) => part))
  assert.deepEqual(
    [...parts].filter((part) => !(part in MAY_IMPORT)),
    [],
  )
})

test('no file imports what the table does not allow', () => {
  assert.deepEqual(sources.flatMap(strangers), [])
})

test('no part imports one that imports it', () => {
  const edges = new Set(
    sources.flatMap(({ path, part, imports }) =>
      imports
        .filter(({ specifier }) => specifier.startsWith('.'))
        .map(({ specifier }) => [part, partOf(posix.join(posix.dirname(path), specifier))])
        .filter(([from, to]) => from !== to)
        .map(([from, to]) => `${from} ${to}`),
    ),
  )
  const mutual = [...edges].filter((edge) => edges.has(edge.split(' ').toReversed().join(' ')))
  assert.deepEqual(mutual, [])
})

for (const [library, file] of Object.entries(ONE_FILE)) {
  test(`one file imports ${library}`, () => {
    const users = sources.filter(({ imports }) =>
      imports.some(({ specifier }) => specifier === library || specifier.startsWith(`${library}/`)),
    )
    assert.deepEqual(
      users.map(({ path }) => path),
      [file],
    )
  })
}

/** The entry; and what asks Node for the binding of raw sockets, which is not public (it falls back to what is). */
const KNOW_THE_PROCESS = ['main.ts', 'proxy/wire-handle.ts']

test('the process is known to the entry file alone', () => {
  const users = sources.filter(
    ({ text, imports }) =>
      imports.some(({ specifier }) => /^(?:node:)?process$/.test(specifier)) ||
      /(?<![\w.'])process\.(?:env|argv|exit|exitCode|on|once|cwd|stdout|stderr|kill|pid|hrtime|nextTick|memoryUsage|version|versions|emitWarning)\b/.test(
        codeOf(text),
      ),
  )
  assert.deepEqual(
    users.map(({ path }) => path),
    KNOW_THE_PROCESS,
  )
})

test('the kernel has no clock, no I/O and no library', () => {
  for (const { path, text, imports } of sources.filter(({ part }) => part === 'policy')) {
    assert.deepEqual(
      imports.filter(({ specifier }) => !specifier.startsWith('.')),
      [],
      path,
    )
    assert.doesNotMatch(codeOf(text), /Date\.now|performance\.|setTimeout|setInterval|console\.|Math\.random/, path)
  }
})

test('checks, frames, limits and net have no clock and no randomness', () => {
  for (const { path, text } of sources.filter(({ part }) => ['checks', 'frames', 'limits', 'net'].includes(part))) {
    assert.doesNotMatch(codeOf(text), /Date\.now|performance\.|setTimeout|setInterval|console\.|Math\.random/, path)
  }
})

test('relative imports end in .ts, and those of Node begin with node:', () => {
  const builtin =
    /^(?:fs|http|https|net|tls|crypto|path|url|stream|events|buffer|os|util|timers|zlib|child_process)(?:\/|$)/
  for (const { path, imports } of sources) {
    for (const { specifier } of imports) {
      assert.ok(!specifier.startsWith('.') || specifier.endsWith('.ts'), `${path}: ${specifier}`)
      assert.doesNotMatch(specifier, builtin, path)
    }
  }
})

test('no default exports', () => {
  const found = sources.filter(({ text }) => /^\s*export\s+default\b|\bas default\b/m.test(codeOf(text)))
  assert.deepEqual(
    found.map(({ path }) => path),
    [],
  )
})

test('no any', () => {
  const found = sources.filter(({ text }) =>
    /(?:[:<|]\s*|\bas\s+)any\b|\bany\[\]|@ts-(?:ignore|nocheck|expect-error)/.test(codeOf(text)),
  )
  assert.deepEqual(
    found.map(({ path }) => path),
    [],
  )
})

test('no file is longer than 300 lines', () => {
  const long = sources.filter(({ text }) => text.split('\n').length > 301)
  assert.deepEqual(
    long.map(({ path }) => path),
    [],
  )
})

test('names say what is in a file', () => {
  const bad = sources.filter(({ path }) => path.split('/').some((name) => FORBIDDEN_NAMES.test(name)))
  assert.deepEqual(
    bad.map(({ path }) => path),
    [],
  )
})

test('a test stands where its source does', () => {
  const known = new Set(sources.map(({ part }) => part))
  const elsewhere = ['support', 'e2e', 'conformance', 'real', 'bench', 'ship', 'docs', 'examples']
  const folders = globSync('test/*/*.test.ts', { cwd: ROOT }).map((file) => file.split(/[/\\]/)[1] ?? '')
  assert.deepEqual(
    [...new Set(folders)].filter((folder) => !known.has(folder) && !elsewhere.includes(folder)),
    [],
  )
})
