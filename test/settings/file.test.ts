import assert from 'node:assert/strict'
import { test } from 'node:test'
import { file, fileOrUrl, fileText } from '../../src/settings/file.ts'
import { read } from '../support/read-setting.ts'

const FILE = fileText('/keys/public.pem', 'text')

test('a file that was read is taken', () => {
  assert.equal(read(file(), FILE), FILE)
  assert.equal(read(fileOrUrl(), FILE), FILE)
})

test('a URL is taken where one may stand', () => {
  assert.equal(read(fileOrUrl(), 'https://id.example.com/jwks'), 'https://id.example.com/jwks')
})

const REFUSED: unknown[] = ['/keys/public.pem', '', 5, null, undefined, [], { path: '/a', text: 'made up' }]

for (const value of REFUSED) {
  test(`no file that was read: ${JSON.stringify(value) ?? 'undefined'}`, () => {
    assert.equal(read(file(), value), 'Error: expected the path of a file')
    assert.equal(read(fileOrUrl(), value), 'Error: expected the path of a file, or an http or https URL')
  })
}

test('a malformed URL is refused', () => assert.match(String(read(fileOrUrl(), 'https://')), /^Error/))
