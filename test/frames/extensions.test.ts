import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  allowedRsv,
  droppable,
  readableOffer,
  takeover,
  uncompressedOffer,
  withoutClientContext,
  withoutServerContext,
} from '../../src/frames/extensions.ts'

const nothing = { first: 0, other: 0, opaque: false }
const deflate = { first: 0x40, other: 0, opaque: false }
const everything = { first: 0x70, other: 0x70, opaque: true }

const headers: [header: string | undefined, expected: ReturnType<typeof allowedRsv>][] = [
  [undefined, nothing],
  ['', nothing],
  [' , ,', nothing],
  ['permessage-deflate', deflate],
  [' permessage-deflate ;server_no_context_takeover; client_max_window_bits=15', deflate],
  ['permessage-deflate; client_max_window_bits="15"', deflate],
  ['permessage-deflate, permessage-deflate', deflate],
  ['x-webkit-deflate-frame', { first: 0x40, other: 0x40, opaque: true }],
  ['x-webkit-deflate-frame;no_context_takeover, permessage-deflate', { first: 0x40, other: 0x40, opaque: true }],
  ['permessage-bzip2', everything],
  ['permessage-deflate, mux', everything],
  ['mux; permessage-deflate', everything],
  ['permessage-deflate2', everything],
  ['__proto__', everything],
]

for (const [header, expected] of headers) {
  test(`extensions: ${header ?? 'no header'}`, () => assert.deepEqual(allowedRsv(header), expected))
}

const NO_CONTEXT = 'client_no_context_takeover'

const DROPPABLE: [header: string | undefined, expected: ReturnType<typeof droppable>][] = [
  [undefined, 'every'],
  ['', 'every'],
  ['permessage-deflate', 'uncompressed'],
  ['permessage-deflate; server_no_context_takeover', 'uncompressed'],
  [`permessage-deflate; ${NO_CONTEXT}`, 'every'],
  [`permessage-deflate;server_max_window_bits=10 ;${NO_CONTEXT} `, 'every'],
  [`permessage-deflate; x_${NO_CONTEXT}`, 'uncompressed'],
  [`permessage-deflate; ${NO_CONTEXT}, permessage-deflate`, 'uncompressed'],
  ['x-webkit-deflate-frame; no_context_takeover', 'none'],
  [`mux, permessage-deflate; ${NO_CONTEXT}`, 'none'],
]

for (const [header, expected] of DROPPABLE) {
  test(`what may vanish: ${header ?? 'no header'}`, () => assert.equal(droppable(header), expected))
}

const TOLD: [header: string, expected: string][] = [
  ['permessage-deflate', `permessage-deflate; ${NO_CONTEXT}`],
  ['permessage-deflate; server_max_window_bits=10 ', `permessage-deflate; server_max_window_bits=10; ${NO_CONTEXT}`],
  [`permessage-deflate; ${NO_CONTEXT}`, `permessage-deflate; ${NO_CONTEXT}`],
  ['mux, permessage-deflate', `mux, permessage-deflate; ${NO_CONTEXT}`],
  ['mux; permessage-deflate', 'mux; permessage-deflate'],
  ['', ''],
]

for (const [header, expected] of TOLD) {
  test(`without context: ${header}`, () => {
    assert.equal(withoutClientContext(header), expected)
    assert.equal(withoutClientContext(expected), expected, 'once is enough')
  })
}

test('what may vanish of what the backend sends', () => {
  assert.equal(droppable('permessage-deflate; client_no_context_takeover', 'upstream'), 'uncompressed')
  assert.equal(droppable('permessage-deflate; server_no_context_takeover', 'upstream'), 'every')
  assert.equal(droppable('x-unknown', 'upstream'), 'none')
})

test('who refers to the messages before', () => {
  const header = 'permessage-deflate; server_no_context_takeover'
  assert.deepEqual([takeover(header, 'client'), takeover(header, 'upstream')], ['takeover', 'alone'])
  assert.equal(takeover(undefined, 'client'), 'alone')
})

test('a server is asked to do without context once', () => {
  const asked = 'permessage-deflate; server_no_context_takeover, mux'
  assert.equal(withoutServerContext('permessage-deflate, mux'), asked)
  assert.equal(withoutServerContext(asked), asked)
})

test('of an offer what can be read, and what does not compress', () => {
  const offer = 'mux; a="b", permessage-deflate; x, x-webkit-deflate-frame'
  assert.equal(readableOffer(offer), 'permessage-deflate; x')
  assert.equal(uncompressedOffer(offer), 'mux; a="b"')
})
