import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keepKeySets } from '../../src/tokens/kept-key-sets.ts'
import { shownUrl } from '../../src/tokens/shown-url.ts'

const URLS: [text: string, shown: string][] = [
  ['http://user:pass@host:1/x', 'http://[hidden]@host:1/x'],
  ['redis://:p@ss@host', 'redis://[hidden]@host'],
  ['expected http://host:port, got "http://a:b@c"', 'expected http://[hidden]@c"'],
  ['http://user:pa/ss@host', 'http://[hidden]@host'],
  ['http://user:pa ss@host', 'http://[hidden]@host'],
  ['http://host/a', 'http://host/a'],
  ['me@example.com', 'me@example.com'],
  ['https://id.example/jwks?key=secret', 'https://id.example/jwks?[hidden]'],
  ['https://id.example/jwks?key=sec?ret&b', 'https://id.example/jwks?[hidden]'],
  ['https://me:secret@id.example/jwks?key=secret', 'https://[hidden]@id.example/jwks?[hidden]'],
  ['https://id.example/jwks?', 'https://id.example/jwks?'],
  ['what is this?', 'what is this?'],
  ['query:token', 'query:token'],
]

for (const [text, shown] of URLS) {
  test(`shown of ${text}`, () => {
    assert.equal(shownUrl(text), shown)
    assert.equal(shownUrl(shown), shown, 'once more changes nothing')
  })
}

test('what is told of a key set names its URL without what may be a key', async () => {
  const told: string[] = []
  const fetching = () => Promise.reject(new Error('down'))
  const keySet = keepKeySets(
    fetching,
    () => 0,
    (url) => told.push(url),
  )
  await keySet('https://id.example/jwks?key=hunter2').find({ algorithm: 'RS256', kid: undefined })
  assert.deepEqual(told, ['https://id.example/jwks?[hidden]'])
})
