import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Script } from 'node:vm'
import { SCRIPT } from '../../src/demo/page/script.ts'
import { SCENARIOS } from '../../src/demo/scenarios.ts'
import { ask, demonstrate } from './replay.ts'

test('the web server of the demo', async (t) => {
  const { demo } = await demonstrate(t)

  await t.test('the page has a row for each scenario and a policy that names only the demo', async () => {
    const { status, headers, body } = await ask(demo, '/', 'app.localhost')
    assert.equal(status, 200)
    assert.equal(headers['content-type'], 'text/html; charset=utf-8')
    const frames = ['app', 'widget', 'other', 'evil'].map((site) => `http://${site}.localhost:${demo.pagePort}`)
    assert.deepEqual(String(headers['content-security-policy']).split('; '), [
      "default-src 'none'",
      "base-uri 'none'",
      "form-action 'none'",
      "script-src 'self'",
      "style-src 'self'",
      'img-src data:',
      `connect-src 'self' ${new URL(demo.places.chat).origin}`,
      `frame-src ${frames.join(' ')}`,
      "frame-ancestors 'none'",
    ])
    const rows = [...body.matchAll(/data-scenario="([^"]*)"/g)].map(([, id]) => id)
    assert.deepEqual(
      rows,
      SCENARIOS.map(({ id }) => id),
    )
    assert.ok(!body.includes('id="hint"'))
    assert.ok(!/<button[^>]* disabled/.test(body))
  })

  for (const site of ['127.0.0.1', 'localhost', 'other.localhost']) {
    await t.test(`opened on ${site} the page says where to open it`, async () => {
      const { status, body } = await ask(demo, '/', site)
      assert.equal(status, 200)
      assert.match(body, /id="hint"/)
      assert.ok(body.includes(demo.places.page))
      assert.match(body, /id="try-all" type="button" disabled/)
    })
  }

  await t.test('only the embedding sites may show the frame', async () => {
    const { headers, body } = await ask(demo, '/frame', 'widget.localhost')
    const embedders = `http://app.localhost:${demo.pagePort} http://other.localhost:${demo.pagePort}`
    assert.ok(String(headers['content-security-policy']).endsWith(`frame-ancestors ${embedders}`))
    assert.ok(body.includes(`data-embedders="${embedders}"`))
  })

  const assets: [string, string][] = [
    ['/demo.js', 'text/javascript'],
    ['/demo.css', 'text/css'],
  ]
  for (const [path, type] of assets) {
    await t.test(`${path} is ${type}`, async () => {
      const { status, headers } = await ask(demo, path, 'evil.localhost')
      assert.deepEqual([status, headers['content-type']], [200, `${type}; charset=utf-8`])
    })
  }

  const refused: [string, number, string, string?, string?][] = [
    ['a host that is not the demo’s', 421, '/', 'rebound.example'],
    ['a method that changes something', 405, '/', '127.0.0.1', 'POST'],
    ['a path there is not', 404, '/nothing'],
    ['a target no URL can be made of', 404, '//[::1'],
    ['a scenario there is not', 404, '/attempt?scenario=__proto__'],
    ['a nonce that is none', 400, '/log?nonce=%0a'],
    ['no nonce', 400, '/log'],
  ]
  for (const [name, status, path, site, method] of refused) {
    await t.test(`${name}: ${status}`, async () => {
      assert.equal((await ask(demo, path, site, method)).status, status)
    })
  }
})

test('the script of the page is JavaScript', () => {
  assert.doesNotThrow(() => new Script(SCRIPT))
})
