/** The volume the chart mounts, swapped as a kubelet swaps it: the policy changes, and nothing restarts. */
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { folder } from '../support/command-line.ts'
import { ON_LOOPBACK, spawnWsluice } from '../support/process.ts'

const CONFIG = `
upstream: http://127.0.0.1:1
routes: [{ path: /*, token: { secretFile: secrets/hs256 } }]
`

/** Writes a new version of all files and renames the link `..data`, as Kubernetes' atomic writer does. */
function swap(volume: string, version: number, files: Readonly<Record<string, string>>): void {
  const data = `..2026_${version}`
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(volume, data, path, '..'), { recursive: true })
    writeFileSync(join(volume, data, path), text)
  }
  symlinkSync(data, join(volume, '..data_tmp'))
  renameSync(join(volume, '..data_tmp'), join(volume, '..data'))
  if (version > 1) rmSync(join(volume, `..2026_${version - 1}`), { recursive: true })
}

const secret = (letter: string) => letter.repeat(40)

test('a Secret that changes is read, and so is a configuration, each time', async (t) => {
  const volume = folder(t)
  swap(volume, 1, { 'wsluice.yaml': CONFIG, 'secrets/hs256': secret('a') })
  for (const name of ['wsluice.yaml', 'secrets']) symlinkSync(join('..data', name), join(volume, name))
  const env = { ...ON_LOOPBACK, WS_CONFIG: join(volume, 'wsluice.yaml') }
  const wsluice = spawnWsluice(t, ['start'], { cwd: '/', env })
  await wsluice.event('started')
  swap(volume, 2, { 'wsluice.yaml': CONFIG, 'secrets/hs256': secret('b') })
  await wsluice.event('reloaded')
  swap(volume, 3, { 'wsluice.yaml': CONFIG, 'secrets/hs256': secret('c') })
  await wsluice.event('reloaded', 1)
  swap(volume, 4, { 'wsluice.yaml': `${CONFIG}mode: dry-run\n`, 'secrets/hs256': secret('c') })
  await wsluice.event('reloaded', 2)
})
