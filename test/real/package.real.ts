/** What is published: packed, installed into an empty folder, and run on every Node it is for. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { WebSocket } from 'ws'
import { fetchNode } from '../../dev/fetch-node.ts'
import { startChild } from '../support/children.ts'
import type { Backend } from './backends/backend.ts'
import { wsBackend } from './backends/ws.ts'

const ROOT = join(import.meta.dirname, '../..')
/** The oldest of all, and the newest of each that is supported. */
const VERSIONS = ['20.19.0', '20', '22', '24', '26']
const MOST_UNPACKED = 3 * 1024 * 1024

/** What a user needs: the built product, its examples and reference, alerts and dashboard. */
const NEEDED = [
  /^dist\/.+\.js$/,
  /^config\/[\w-]+\.(yaml|json|md)$/,
  /^config\/schemas\/[\w-]+\.json$/,
  /^config\/prometheus\/rules\.yaml$/,
  /^config\/grafana\/wsluice\.json$/,
  /^(LICENSE|README\.md|CHANGELOG\.md|package\.json)$/,
]

interface Packed {
  readonly filename: string
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string; readonly mode: number }[]
}

let folder: string
let packed: Packed
let installed: string
let backend: Backend

before(async () => {
  backend = await wsBackend('off')
  folder = mkdtempSync(join(tmpdir(), 'wsluice-package-'))
  packed = pack(join(folder, 'checkout'))
  installed = join(folder, 'empty')
  mkdirSync(installed)
  npm(installed, ['install', '--no-audit', '--no-fund', '--loglevel=error', join(folder, packed.filename)])
})

after(async () => {
  await backend?.stop()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

const npm = (cwd: string, args: readonly string[]): string =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

/** Packs a copy of the checkout, so that nothing of an earlier build comes along and nobody's `dist` is touched. */
function pack(copy: string): Packed {
  const left = new Set(['node_modules', 'dist', '.git', '.tmp'].map((name) => join(ROOT, name)))
  cpSync(ROOT, copy, { recursive: true, filter: (source) => !left.has(source) })
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  npm(copy, ['run', 'build'])
  const [only] = JSON.parse(npm(copy, ['pack', '--json', '--ignore-scripts', '--pack-destination', folder])) as Packed[]
  assert.ok(only)
  return only
}

test('it holds what a user needs, and nothing else', () => {
  const paths = packed.files.map(({ path }) => path)
  const strangers = paths.filter((path) => !NEEDED.some((needed) => needed.test(path)))
  assert.deepEqual(strangers, [])
  for (const needed of NEEDED)
    assert.ok(
      paths.some((path) => needed.test(path)),
      String(needed),
    )
  for (const built of paths.filter((path) => path.startsWith('dist/'))) {
    const source = built.replace(/^dist/, 'src').replace(/\.js$/, '.ts')
    assert.ok(existsSync(join(ROOT, source)), `${built} has no source`)
  }
  assert.ok(packed.unpackedSize < MOST_UNPACKED, `${packed.unpackedSize} bytes`)
})

test('its command may be executed', () => {
  const main = packed.files.find(({ path }) => path === 'dist/main.js')
  assert.equal((main?.mode ?? 0) & 0o111, 0o111)
})

const BOUND = { timeout: 120_000 }

for (const version of VERSIONS) {
  test(`on Node ${version}: help, check, and a proxy that relays and drains`, BOUND, async () => {
    const node = fetchNode(version)
    const env = { ...process.env, PATH: `${dirname(node)}:${process.env.PATH}` }
    const wsluice = (...args: string[]) =>
      spawnSync('npx', ['--no-install', 'wsluice', ...args], { cwd: installed, env, encoding: 'utf8' })
    assert.match(wsluice('--help').stdout, /^Usage: wsluice/)
    const checked = wsluice('check', '--upstream', 'http://127.0.0.1:1')
    assert.equal(checked.status, 0, checked.stderr)
    assert.match(checked.stdout, /^upstream: http:\/\/127\.0\.0\.1:1$/m)
    assert.equal(wsluice('check', '--upstrem', 'x').status, 2)

    const command = join(installed, 'node_modules/.bin/wsluice')
    const listeners = { WS_LISTEN: '127.0.0.1:0', WS_OPS_LISTEN: '127.0.0.1:0', WS_ADMIN_LISTEN: '127.0.0.1:0' }
    const child = startChild(node, [command, 'start', '--upstream', `http://127.0.0.1:${backend.port}`], {
      env: { ...listeners, WS_DRAIN_DELAY: '0s' },
    })
    const ended = new Promise((resolve) => child.process.once('close', resolve))
    try {
      const [, listen] = await child.says(/"listen":"(127\.0\.0\.1:\d+)"/)
      const [, ops] = await child.says(/"ops":"(127\.0\.0\.1:\d+)"/)
      assert.equal(await echoed(`ws://${listen}/`), 'over the wire')
      const metrics = await (await fetch(`http://${ops}/metrics`)).text()
      assert.match(metrics, new RegExp(`node_version="v${version.replaceAll('.', '\\.')}[."]`))
      child.process.kill('SIGTERM')
      assert.equal(await ended, 0, child.said.join('\n'))
    } finally {
      await child.stop()
    }
  })
}

/** What a backend that echoes answers. */
async function echoed(url: string): Promise<string> {
  const socket = new WebSocket(url)
  return await new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('open', () => socket.send('over the wire'))
    socket.on('message', (data) => {
      socket.close()
      // ws gives a Buffer unless asked for something else.
      resolve((data as Buffer).toString())
    })
  })
}
