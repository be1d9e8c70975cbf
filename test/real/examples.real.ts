/** Examples of config/ with the parts that npm does not bring: the widget in Chromium, the session API before FastAPI. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { fileURLToPath, URL } from 'node:url'
import type { Browser, Frame, Page } from 'playwright-core'
import { tellingBackend } from '../examples/backends.ts'
import { startExample, tokenOf } from '../examples/example.ts'
import { identityProvider, issue } from '../examples/identity-provider.ts'
import { nodeClient } from '../examples/node-client.ts'
import { PYTHON, startChild } from '../support/children.ts'
import { launchChromium } from '../support/chromium.ts'
import { visit } from './visit.ts'

const LIMIT = { timeout: 60_000 }
const IFRAME = 'https://widget.example.com'

/** A page of a customer with our iframe in it. No request leaves the browser: both pages are made here. */
async function customerPage(browser: Browser, origin: string): Promise<{ page: Page; iframe: Frame }> {
  // Chromium asks before a page of the internet may connect to this machine.
  const page = await browser.newPage({ permissions: ['local-network-access'] })
  await page.route('https://**', (route) => {
    const isOurs = route.request().url().startsWith(IFRAME)
    const frame = isOurs ? '' : `<iframe src="${IFRAME}/" allow="local-network-access; loopback-network"></iframe>`
    const body = `<!doctype html><title>page</title>${frame}`
    return route.fulfill({ contentType: 'text/html', body })
  })
  await page.goto(`${origin}/`)
  const iframe = page.frames().find((frame) => frame.url().startsWith(IFRAME))
  assert.ok(iframe)
  return { page, iframe }
}

/** Where an iframe stands, by what the browser says. */
async function parentOf(iframe: Frame): Promise<string> {
  // A string: these tests have no types of the page.
  return new URL(await iframe.evaluate<string>('document.referrer')).origin
}

test('the widget, on pages of Chromium and in iframes of them', LIMIT, async (t) => {
  const { place } = await startExample(t, {
    name: 'widget',
    secrets: ['widget-token'],
    upstream: await tellingBackend(t),
  })
  const browser = await launchChromium()
  t.after(() => browser.close())
  const claims = { iss: 'https://id.example.com', allowed_domains: ['shop.example'], dialog_id: '42' }
  const url = `ws://${place}/ws/site/dialogs/42?site_token=${await tokenOf(claims)}`
  const shop = await customerPage(browser, 'https://shop.example')
  const evil = await customerPage(browser, 'https://evil.example')

  /** The answers to `hello`, the greeting of the backend aside; or the code and reason. */
  async function seen(where: Page | Frame, to: string): Promise<string> {
    const { answers, code, reason } = await visit(where, { url: to, closesAfter: 2 })
    return code === 1000 ? `admitted: ${answers.at(-1)}` : `${code} ${reason}`
  }
  const inIframe = async (iframe: Frame) => await seen(iframe, `${url}&parent_origin=${await parentOf(iframe)}`)

  assert.equal(await seen(shop.page, url), 'admitted: hello')
  assert.equal(await inIframe(shop.iframe), 'admitted: hello')
  assert.equal(await seen(evil.page, url), '4003 Domain not allowed')
  assert.equal(await inIframe(evil.iframe), '4003 Domain not allowed')
  assert.equal(await seen(shop.iframe, url), '4003 Domain not allowed')
  assert.equal(await seen(shop.page, url.replace(/\?.*/, '')), '4401 Invalid or expired authentication token')
  const { code, reason } = await visit(shop.page, { url, sends: Array(11).fill('more'), closesAfter: 99 })
  assert.deepEqual([code, reason], [1008, 'Rate limit exceeded'])
})

/** FastAPI on uvicorn; its address as a setting. */
async function fastApi(t: TestContext): Promise<string> {
  const cwd = fileURLToPath(new URL('python/', import.meta.url))
  // Not compressed: Node's WebSocket says 1006 where the connection ends while it still inflates what came before the Close.
  const flags = ['--ws', 'websockets', '--ws-per-message-deflate', 'False']
  const args = ['-m', 'uvicorn', 'session_api:app', '--host', '127.0.0.1', '--port', '0', ...flags]
  const child = startChild(PYTHON, args, { cwd })
  t.after(() => child.stop())
  const [, port] = await child.says(/running on http:\/\/127\.0\.0\.1:(\d+)/)
  return `http://127.0.0.1:${port}`
}

test('the session API, before FastAPI', LIMIT, async (t) => {
  const env = await identityProvider(t)
  const { place } = await startExample(t, { name: 'session-api', upstream: await fastApi(t), env })
  const come = (token: string, session = '7') =>
    nodeClient(t, `${place}/v1/sessions/${session}/stream`, { headers: { Authorization: `Bearer ${token}` } })

  const client = await come(issue('ann', '7'))
  assert.deepEqual(JSON.parse(await client.next()), { session: '7', user: 'ann' })
  client.send('{"type":"input","text":"Grüße"}')
  assert.deepEqual(JSON.parse(await client.next()), { heard: 'input' })
  // The application would have failed on it.
  client.send('{"typ":"input"}')
  assert.deepEqual(JSON.parse(await client.next()), { type: 'error', message: 'Invalid message format' })

  const second = await come(issue('ann', '7'))
  assert.deepEqual(await second.ended, { code: 1008, reason: 'Too many connections' })
  const other = await come(issue('ann', '7'), '8')
  assert.deepEqual(await other.ended, { code: 1008, reason: 'Access denied' })
  const late = await come(issue('ann', '7', -60))
  assert.deepEqual(await late.ended, { code: 4001, reason: 'Session expired' })

  for (let sent = 0; sent < 21; sent++) client.send('{"type":"ping"}')
  assert.deepEqual(await client.ended, { code: 1008, reason: 'Rate limit exceeded' })
})
