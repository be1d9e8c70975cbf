/** config/edge.yaml: its refusals. Its backends are names of somebody else's network, so nobody is admitted here. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { checkExample, startExample, tokenOf } from './example.ts'
import { nodeClient } from './node-client.ts'

const EXAMPLE = { name: 'edge', secrets: ['session'] }

test('wsluice check', async (t) => {
  const { code, errors } = await checkExample(t, EXAMPLE)
  assert.equal(code, 0, errors)
})

test('a page reads a code, a program a status', async (t) => {
  const { place } = await startExample(t, EXAMPLE)
  const page = { Origin: 'https://chat.example.com' }
  const late = `session=${await tokenOf({}, -60)}`

  const PAGES: [name: string, path: string, headers: Record<string, string>, expected: string][] = [
    ['without a session', '/chat/7', page, '4401 Invalid or expired authentication token'],
    [
      'with a session of yesterday',
      '/chat/7',
      { ...page, Cookie: late },
      '4401 Invalid or expired authentication token',
    ],
    ['a foreign one', '/chat/7', { Origin: 'https://evil.example' }, '1008 Origin not allowed'],
    ['on no route', '/nowhere', page, '4404 Not found'],
    ['by a second spelling', '/%63hat/7', page, '1008 Bad request'],
  ]
  for (const [name, path, headers, expected] of PAGES) {
    await t.test(`a page ${name}: ${expected}`, async () => {
      const { code, reason } = await (await nodeClient(t, `${place}${path}`, { headers })).ended
      assert.equal(`${code} ${reason}`, expected)
    })
  }

  const upgrade = async (path: string) => {
    const [, response] = await once(new WebSocket(`ws://${place}${path}`), 'unexpected-response')
    // What `ws` hands over with this event.
    return (response as IncomingMessage).statusCode
  }
  await t.test('a program: 403, 404', async () => {
    assert.equal(await upgrade('/chat/7'), 403)
    assert.equal(await upgrade('/nowhere'), 404)
  })

  await t.test('the ticker refuses polling: 426', async () => {
    assert.equal((await fetch(`http://${place}/ticker`)).status, 426)
  })
})
