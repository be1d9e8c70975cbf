/** The plain 101 of most backends, against node's own parser; and everything that is not one (trap 46). */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { readSwitchHead } from '../../src/proxy/switch-head.ts'

const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='
const LINES = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${ACCEPT}`]
const STATUS = 'HTTP/1.1 101 Switching Protocols'

const headOf = (lines: readonly string[], status = STATUS) => `${[status, ...lines].join('\r\n')}\r\n\r\n`
const bytes = (text: string) => Buffer.from(text, 'latin1')
const read = (text: string) => readSwitchHead(bytes(text), ACCEPT)

test('a plain 101 is read: order, case, Latin-1 bytes, blanks left out, where the frames begin', () => {
  const head = headOf([...LINES, 'SET-cookie: a=1', 'set-Cookie:\t b=caf\xe9 \t', 'X-Empty:', 'X-Blank:  '])
  assert.deepEqual(read(`${head}\x81\x02hi`), {
    statusMessage: 'Switching Protocols',
    rawHeaders: [
      ...['Upgrade', 'websocket', 'Connection', 'Upgrade', 'Sec-WebSocket-Accept', ACCEPT],
      ...['SET-cookie', 'a=1', 'set-Cookie', 'b=caf\xe9', 'X-Empty', '', 'X-Blank', ''],
    ],
    length: head.length,
  })
})

test('lists and case are read as HTTP has them', () => {
  for (const lines of [
    ['upgrade: WebSocket', 'connection: keep-alive, UPGRADE', LINES[2] ?? ''],
    ['Upgrade: h2c, websocket', 'Connection: x', 'Connection: upgrade', LINES[2] ?? ''],
  ]) {
    assert.ok(typeof read(headOf(lines)) === 'object', lines.join())
  }
})

test('split at every byte it is incomplete, whatever is glued to it', () => {
  const head = headOf(LINES)
  for (let length = 0; length < head.length; length++) {
    assert.equal(read(head.slice(0, length)), 'incomplete', String(length))
  }
  assert.ok(typeof read(head) === 'object')
  assert.ok(typeof read(`${head}${head}`) === 'object')
})

const OTHERS: [name: string, text: string][] = [
  ['another status', headOf(LINES, 'HTTP/1.1 200 OK')],
  ['a status that begins as 101', headOf(LINES, 'HTTP/1.1 1010 No')],
  ['no reason phrase', headOf(LINES, 'HTTP/1.1 101')],
  ['HTTP/1.0', headOf(LINES, 'HTTP/1.0 101 Switching Protocols')],
  ['two status lines', headOf([STATUS, ...LINES])],
  ['an empty line first', `\r\n${headOf(LINES)}`],
  ['a wrong accept', headOf([...LINES.slice(0, 2), 'Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA='])],
  ['an accept in another case', headOf([...LINES.slice(0, 2), `Sec-WebSocket-Accept: ${ACCEPT.toLowerCase()}`])],
  ['no accept', headOf(LINES.slice(0, 2))],
  ['the right accept twice', headOf([...LINES, LINES[2] ?? ''])],
  ['no Upgrade', headOf(LINES.slice(1))],
  ['another Upgrade', headOf(['Upgrade: h2c', ...LINES.slice(1)])],
  ['no Connection', headOf([LINES[0] ?? '', LINES[2] ?? ''])],
  ['a length', headOf([...LINES, 'Content-Length: 0'])],
  ['a coding', headOf([...LINES, 'transfer-encoding: chunked'])],
  ['obs-fold', headOf([...LINES, 'X: a', ' b'])],
  ['a blank before the colon', headOf([...LINES, 'X : a'])],
  ['no colon', headOf([...LINES, 'X'])],
  ['no name', headOf([...LINES, ': a'])],
  ['a NUL', headOf([...LINES, 'X: a\0b'])],
  ['a bare CR', headOf([...LINES, 'X: a\rb'])],
  ['a bare LF', headOf([...LINES, 'X: a\nY: b'])],
  ['bare LFs throughout', headOf(LINES).replaceAll('\r\n', '\n')],
  ['an endless head', `${STATUS}\r\nX: ${'x'.repeat(64 * 1024)}`],
  ['a head that is too long', headOf([...LINES, `X: ${'x'.repeat(64 * 1024)}`])],
  ['frames', '\x81\x05hello'],
]

test('anything else is not recognised', () => {
  for (const [name, text] of OTHERS) {
    const result = read(`${text}\r\n\r\n`)
    assert.equal(result, 'other', name)
  }
})

test('what it recognises node reads alike; what node does not take for an upgrade it never does', async () => {
  const line = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...LINES) },
    fc.constantFrom(
      'X: \xe9',
      'X:',
      'X:\ta \t',
      'Content-Length: 1',
      ' fold',
      'X : a',
      'X\0: a',
      'x: a\rb',
      'a: b\nc: d',
    ),
    fc.string({ unit: 'binary-ascii', maxLength: 12 }),
  )
  const status = fc.oneof(
    { weight: 8, arbitrary: fc.constant(STATUS) },
    fc.constantFrom('HTTP/1.1 101 ', 'HTTP/1.1 101 \xe9', 'HTTP/1.1 200 OK', 'HTTP/1.1  101 x', 'http/1.1 101 x'),
  )
  const answer = fc.record({
    status,
    lines: fc.array(line, { maxLength: 8 }),
    isWhole: fc.boolean(),
    glued: fc.string({ maxLength: 8 }),
  })
  let recognised = 0
  await fc.assert(
    fc.asyncProperty(answer, async ({ status: first, lines, isWhole, glued }) => {
      const text = `${headOf(isWhole ? [...LINES, ...lines] : lines, first)}${glued}`
      const ours = read(text)
      if (typeof ours === 'string') return
      recognised++
      const theirs = await readByNode(bytes(text))
      assert.deepEqual(
        { statusMessage: ours.statusMessage, rawHeaders: ours.rawHeaders, rest: text.slice(ours.length) },
        theirs,
      )
    }),
    { numRuns: 400 },
  )
  assert.ok(recognised > 20, String(recognised))
})

/** What node's client makes of an answer; undefined where that is no upgrade. */
function readByNode(answer: Buffer) {
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  return new Promise((resolve) => {
    const asked = request({ headers: ['Host', 'x'], createConnection: () => socket })
    asked.on('upgrade', ({ statusMessage, rawHeaders }, _socket, head) =>
      resolve({ statusMessage, rawHeaders, rest: head.toString('latin1') }),
    )
    asked.on('response', () => resolve(undefined))
    asked.on('error', () => resolve(undefined))
    asked.end(() => {
      socket.push(answer)
    })
  }).finally(() => socket.destroy())
}
