/** config/widget.yaml: a page, an iframe, strangers, and too much. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { tellingBackend } from './backends.ts'
import { checkExample, startExample, tokenOf } from './example.ts'
import { nodeClient } from './node-client.ts'

const EXAMPLE = { name: 'widget', secrets: ['widget-token'] }
const SHOP = 'https://shop.example'
const EVIL = 'https://evil.example'
const IFRAME = 'https://widget.example.com'
const CLAIMS = {
  iss: 'https://id.example.com',
  allowed_domains: ['shop.example', '*.partner.example'],
  dialog_id: '42',
}

const start = async (t: TestContext) => await startExample(t, { ...EXAMPLE, upstream: await tellingBackend(t) })

test('wsluice check', async (t) => {
  const { code, errors } = await checkExample(t, EXAMPLE)
  assert.equal(code, 0, errors)
})

test('who may use the widget', async (t) => {
  const { place } = await start(t)
  const token = `site_token=${await tokenOf(CLAIMS)}`
  const late = `site_token=${await tokenOf(CLAIMS, -60)}`
  const visit = (origin: string, target: string) =>
    nodeClient(t, `${place}/ws/site/dialogs/${target}`, { headers: { Origin: origin } })

  const ADMITTED: [name: string, origin: string, target: string][] = [
    ['on the page of a customer', SHOP, `42?${token}`],
    ['on a page below his partner', 'https://eu.partner.example', `42?${token}`],
    ['in our iframe on his page', IFRAME, `42?${token}&parent_origin=${SHOP}`],
  ]
  for (const [name, origin, target] of ADMITTED) {
    await t.test(`${name}: admitted, the backend knows the user and not the token`, async () => {
      const client = await visit(origin, target)
      const told = await client.next()
      assert.match(told, /"user":"ann"/)
      assert.doesNotMatch(told, /site_token/)
      client.send('hello')
      assert.equal(await client.next(), 'hello')
      await client.close()
    })
  }

  const REFUSED: [name: string, origin: string, target: string, expected: string][] = [
    ['on the page of a stranger', EVIL, `42?${token}`, '4003 Domain not allowed'],
    ['in our iframe on his page', IFRAME, `42?${token}&parent_origin=${EVIL}`, '4003 Domain not allowed'],
    ['in our iframe, which does not say where', IFRAME, `42?${token}`, '4003 Domain not allowed'],
    ['without a token', SHOP, '42', '4401 Invalid or expired authentication token'],
    ['with a token of yesterday', SHOP, `42?${late}`, '4401 Invalid or expired authentication token'],
    ['in the dialog of another', SHOP, `43?${token}`, '1008 Access denied'],
  ]
  for (const [name, origin, target, expected] of REFUSED) {
    await t.test(`${name}: ${expected}`, async () => {
      const { code, reason } = await (await visit(origin, target)).ended
      assert.equal(`${code} ${reason}`, expected)
    })
  }
})

test('how much of the widget', async (t) => {
  const { place } = await start(t)
  const token = await tokenOf(CLAIMS)
  const visit = () => nodeClient(t, `${place}/ws/site/dialogs/42?site_token=${token}`, { headers: { Origin: SHOP } })

  await t.test('five connections to a dialog, not six', async () => {
    const open = await Promise.all(Array.from({ length: 5 }, visit))
    for (const client of open) await client.next()
    assert.deepEqual(await (await visit()).ended, { code: 1008, reason: 'Too many connections' })
    for (const client of open) await client.close()
  })

  await t.test('ten messages a second, not eleven', async () => {
    const client = await visit()
    for (let sent = 0; sent < 11; sent++) client.send(`${sent}`)
    assert.deepEqual(await client.ended, { code: 1008, reason: 'Rate limit exceeded' })
  })

  await t.test('no message above 64 KiB', async () => {
    const client = await visit()
    client.send('x'.repeat(64 * 1024 + 1))
    assert.deepEqual(await client.ended, { code: 1009, reason: 'Message too big' })
  })
})
