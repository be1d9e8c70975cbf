import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseService } from '../../src/authorization/service.ts'

test('a URL, taken apart', () => {
  assert.deepEqual(parseService('http://127.0.0.1:8000/internal/authorize?key=secret'), {
    protocol: 'http:',
    host: '127.0.0.1',
    port: 8000,
    authority: '127.0.0.1:8000',
    path: '/internal/authorize?key=secret',
    shown: 'http://127.0.0.1:8000/internal/authorize',
  })
  const { host, port, authority } = parseService('https://[::1]/')
  assert.deepEqual([host, port, authority], ['::1', 443, '[::1]'])
})

const BAD: [url: string, message: RegExp][] = [
  ['', /expected a URL such as/],
  ['/authorize', /expected a URL such as/],
  ['ftp://a/', /expected a URL such as/],
  ['unix:/run/a.sock', /expected a URL such as/],
  ['http://user:secret@a/', /without a user name/],
  ['http://a/#b', /without #/],
]

for (const [url, message] of BAD) {
  test(`no service: ${url || 'nothing'}`, () => {
    assert.throws(() => parseService(url), message)
    assert.throws(
      () => parseService(url),
      (error: Error) => !error.message.includes('secret'),
    )
  })
}
