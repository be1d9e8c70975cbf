import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowedRsv } from '../../src/frames/extensions.ts'

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
