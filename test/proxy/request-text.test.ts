import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { requestText } from '../../src/proxy/request-text.ts'

test('the head of a GET, its lines as they were given', () => {
  assert.equal(
    requestText('/ws?a=\xe9', ['Host', 'app.test', 'x-a', '', 'X-A', 'caf\xe9\t"']),
    'GET /ws?a=\xe9 HTTP/1.1\r\nHost: app.test\r\nx-a: \r\nX-A: caf\xe9\t"\r\n\r\n',
  )
})

const BAD_TARGETS = ['', '/a b', '/a\r\nX: y', '/\0', '/\x7f', '/\u0100']
const BAD_HEADERS = [
  ...[
    ['', 'a'],
    ['X Y', 'a'],
    ['X:', 'a'],
    ['X\r\nY', 'a'],
    ['X\xe9', 'a'],
  ],
  ...[
    ['X', 'a\r\nY: b'],
    ['X', 'a\nb'],
    ['X', 'a\rb'],
    ['X', '\0'],
    ['X', '\x7f'],
    ['X', '\u20ac'],
  ],
]

test('what would not be read back as it was is not sent', () => {
  for (const target of BAD_TARGETS) assert.throws(() => requestText(target, []), /request target/, target)
  for (const header of BAD_HEADERS) assert.throws(() => requestText('/', header), /a header/, header.join())
})

test('there are as many lines as were asked for, whatever stands in them', () => {
  const text = fc.string({ unit: 'binary', maxLength: 6 })
  fc.assert(
    fc.property(text, fc.array(fc.tuple(text, text), { maxLength: 4 }), (target, headers) => {
      let head: string
      try {
        head = requestText(`/${target}`, headers.flat())
      } catch {
        return
      }
      assert.equal(head.split(/\r|\n/).length, 2 * (headers.length + 2) + 1)
      assert.equal(Buffer.from(head, 'latin1').toString('latin1'), head)
    }),
  )
})
