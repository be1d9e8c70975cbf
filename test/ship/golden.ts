/** What is rendered, beside what it was when somebody read it. `UPDATE_GOLDEN=1 node --test test/ship` writes it anew. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { type Manifest, manifests } from './helm.ts'

/** Compares rendered objects with `golden/NAME.yaml`. */
export function assertGolden(name: string, rendered: readonly Manifest[]): void {
  const file = join(import.meta.dirname, 'golden', `${name}.yaml`)
  if (process.env.UPDATE_GOLDEN) writeFileSync(file, rendered.map((manifest) => stringify(manifest)).join('---\n'))
  assert.deepEqual(rendered, manifests(readFileSync(file, 'utf8')))
}
