import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { MAX_FILE_BYTES, readFile } from '../../src/config/read-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'wsluice-read-'))
after(() => rmSync(folder, { recursive: true }))

function write(name: string, content: string | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

test('reads text, without a byte order mark', () => {
  assert.equal(readFile(write('plain', 'grüße\n')), 'grüße\n')
  assert.equal(readFile(write('bom', '\uFEFFa: 1')), 'a: 1')
  assert.equal(readFile(write('empty', '')), '')
})

test('reads up to the bound and no further', () => {
  assert.equal(readFile(write('most', Buffer.alloc(MAX_FILE_BYTES, 'a'))).length, MAX_FILE_BYTES)
  assert.throws(() => readFile(write('more', Buffer.alloc(MAX_FILE_BYTES + 1, 'a'))), {
    message: 'is larger than 1 MiB',
  })
  assert.throws(() => readFile(write('ten', Buffer.alloc(10 * MAX_FILE_BYTES, 'a'))), {
    message: 'is larger than 1 MiB',
  })
})

test('a file that never ends is refused', { skip: process.platform === 'win32' }, () => {
  assert.throws(() => readFile('/dev/zero'), { message: 'is larger than 1 MiB' })
})

test('says what is wrong without quoting the file', () => {
  assert.throws(() => readFile(write('binary', Buffer.from([0x73, 0xff, 0xfe]))), { message: 'is not UTF-8 text' })
  assert.throws(() => readFile(join(folder, 'none')), { message: 'no such file' })
  assert.throws(() => readFile(join(folder, 'plain', 'below')), { message: 'no such file' })
  assert.throws(() => readFile(folder), { message: 'is a folder, not a file' })
})
