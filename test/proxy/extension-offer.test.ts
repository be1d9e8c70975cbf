import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MessageStep } from '../../src/policy/check.ts'
import type { RoutePolicy } from '../../src/policy/policy.ts'
import { pass } from '../../src/policy/verdict.ts'
import { offered } from '../../src/proxy/extension-offer.ts'
import { ROUTE } from '../support/session.ts'

const step = (action: MessageStep['exceeding']['action'], mode: MessageStep['mode'] = 'enforce'): MessageStep => ({
  check: 'x',
  mode,
  id: 'x',
  maxBytes: 1,
  begin: () => () => pass,
  exceeding: { action, maxDelay: 0 },
})

const OFFER = 'x-unknown; a=1, permessage-deflate; client_max_window_bits,x-webkit-deflate-frame,permessage-deflate'
const DEFLATE = 'permessage-deflate; client_max_window_bits, permessage-deflate'
const ALONE =
  'permessage-deflate; client_max_window_bits; server_no_context_takeover, permessage-deflate; server_no_context_takeover'

const CASES: [name: string, route: Partial<RoutePolicy>, expected: string | undefined][] = [
  ['nothing is read', {}, OFFER],
  ['pass', { compression: 'pass' }, OFFER],
  ['strip', { compression: 'strip' }, 'x-unknown; a=1'],
  ['messages are read', { messages: step('close') }, DEFLATE],
  ['messages may vanish: that is for the answer to say', { messages: step('drop') }, DEFLATE],
  ['a dry run', { messages: step('drop', 'dry-run'), outbound: step('drop', 'dry-run') }, OFFER],
  ['the backend is read', { outbound: step('close') }, DEFLATE],
  ['its messages may vanish', { outbound: step('drop') }, ALONE],
  ['or are redacted', { outbound: step('redact') }, ALONE],
  ['read and stripped', { outbound: step('redact'), compression: 'strip' }, undefined],
]

for (const [name, route, expected] of CASES) {
  test(name, () => {
    const headers = ['Host', 'a', 'Sec-WebSocket-Extensions', OFFER, 'X-A', 'b']
    const left =
      expected === OFFER
        ? headers
        : ['Host', 'a', 'X-A', 'b', ...(expected === undefined ? [] : ['Sec-WebSocket-Extensions', expected])]
    assert.deepEqual(offered(headers, { ...ROUTE, ...route }), left)
  })
}

test('several lines are one offer', () => {
  const headers = ['sec-websocket-extensions', 'mux', 'Sec-Websocket-Extensions', 'permessage-deflate']
  assert.deepEqual(offered(headers, { ...ROUTE, messages: step('close') }), [
    'Sec-WebSocket-Extensions',
    'permessage-deflate',
  ])
})

test('no offer stays none', () => {
  assert.deepEqual(offered(['Host', 'a'], { ...ROUTE, outbound: step('drop'), compression: 'strip' }), ['Host', 'a'])
})
