/** The folder that snippets run in: what a checkout has, the files that configurations name, and the commands people type. */
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath, URL } from 'node:url'
import { p256, SECRET } from '../tokens/signing.ts'
import { ROOT } from './markdown.ts'

const TLS = join(ROOT, 'test/support/tls')

/** Files that configurations name, by path. */
const FIXTURES: Readonly<Record<string, string>> = {
  'secrets/hs256': SECRET,
  // The benchmark's policy names it so.
  secret: SECRET,
  'secrets/session': SECRET,
  'secrets/old': SECRET,
  'secrets/new': 'a newer secret of thirty-two bytes or so',
  'keys/id.pem': String(p256.publicKey.export({ type: 'spki', format: 'pem' })),
  'tls/cert.pem': readFileSync(join(TLS, 'first.cert.pem'), 'utf8'),
  'tls/key.pem': readFileSync(join(TLS, 'first.key.pem'), 'utf8'),
  revoked: '',
}
/** What of the repository a command in a checkout finds. */
const CHECKOUT = ['package.json', 'src', 'node_modules', 'config']

const PROGRAMS: Readonly<Record<string, string>> = {
  wsluice: join(ROOT, 'src/main.ts'),
  curl: fileURLToPath(new URL('./curl.ts', import.meta.url)),
}

export function furnish(folder: string): void {
  for (const name of CHECKOUT) symlinkSync(join(ROOT, name), join(folder, name))
  for (const [name, text] of Object.entries(FIXTURES)) place(join(folder, name), text)
  for (const [name, file] of Object.entries(PROGRAMS)) {
    const path = join(folder, 'bin', name)
    place(path, `#!/bin/sh\nexec '${process.execPath}' '${file}' "$@"\n`)
    chmodSync(path, 0o755)
  }
}

/** Writes a file, and makes its folder. */
export function place(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
