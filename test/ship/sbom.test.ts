/** The bill of materials that a release carries. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROOT } from './helm.ts'

interface Bill {
  readonly bomFormat: string
  readonly metadata: { readonly component: { readonly name: string } }
  readonly components: readonly {
    readonly name: string
    readonly version: string
    readonly hashes?: readonly unknown[]
  }[]
}
interface Locked {
  readonly version: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly devOptional?: boolean
  readonly link?: boolean
}

test('it names every package of the image and of an installation, with version and hash, and no other', () => {
  const { status, stdout, stderr } = spawnSync(join(ROOT, 'dev/sbom'), { cwd: ROOT, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  // npm's own, and ours.
  const bill = JSON.parse(stdout) as Bill
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>
  }
  const shipped = Object.entries(packages)
    .filter(
      ([path, { dev, optional, devOptional, link }]) =>
        path.startsWith('node_modules/') && !(dev || optional || devOptional || link),
    )
    .map(([path, { version }]) => `${path.slice(path.lastIndexOf('node_modules/') + 13)}@${version}`)
  assert.equal(bill.bomFormat, 'CycloneDX')
  assert.equal(bill.metadata.component.name, 'wsluice')
  assert.ok(shipped.length > 20)
  assert.deepEqual(new Set(bill.components.map(({ name, version }) => `${name}@${version}`)), new Set(shipped))
  for (const { name, hashes } of bill.components) assert.ok(hashes?.length, name)
})
