/** config/sidecar.yaml: one application, as it is started in a pod. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tellingBackend } from './backends.ts'
import { checkExample, startExample, tokenOf } from './example.ts'
import { nodeClient } from './node-client.ts'

const EXAMPLE = { name: 'sidecar', secrets: ['token'] }

test('wsluice check', async (t) => {
  const { code, errors } = await checkExample(t, EXAMPLE)
  assert.equal(code, 0, errors)
})

test('in front of an application', async (t) => {
  const { place } = await startExample(t, { ...EXAMPLE, upstream: await tellingBackend(t) })
  const token = await tokenOf({})
  const visit = (origin: string, query = `token=${token}`) =>
    nodeClient(t, `${place}/any/path?${query}`, { headers: { Origin: origin } })

  for (const origin of ['https://app.example.com', 'https://a.b.example.com']) {
    await t.test(`${origin}: admitted`, async () => {
      const client = await visit(origin)
      assert.equal(await client.next(), JSON.stringify({ url: `/any/path?token=${token}`, user: null }))
      client.send('hello')
      assert.equal(await client.next(), 'hello')
      await client.close()
    })
  }

  const REFUSED: [name: string, origin: string, query: string, expected: string][] = [
    ['a foreign page', 'https://evil.example', `token=${token}`, '1008 Origin not allowed'],
    ['no token', 'https://app.example.com', '', '4401 Invalid or expired authentication token'],
    ['a forged token', 'https://app.example.com', `token=${token}x`, '4401 Invalid or expired authentication token'],
  ]
  for (const [name, origin, query, expected] of REFUSED) {
    await t.test(`${name}: ${expected}`, async () => {
      const { code, reason } = await (await visit(origin, query)).ended
      assert.equal(`${code} ${reason}`, expected)
    })
  }

  await t.test('five connections of a user, not six', async () => {
    const open = await Promise.all(Array.from({ length: 5 }, () => visit('https://app.example.com')))
    for (const client of open) await client.next()
    const sixth = await visit('https://app.example.com')
    assert.deepEqual(await sixth.ended, { code: 1008, reason: 'Too many connections' })
  })

  await t.test('beside it HTTP passes', async () => {
    assert.equal(await (await fetch(`http://${place}/`)).text(), 'hello')
  })
})
