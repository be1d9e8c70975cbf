/** What an operator sees of limits: metrics, top talkers, and that all clients look like one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scrape } from '../support/scrape.ts'
import { ask, type Proxied, proxied } from '../support/upgrades.ts'

/** Asks for a route that does not exist: nothing but the rate is in the way. Returns the code of the Close. */
async function refused(t: Parameters<typeof ask>[0], { proxy }: Proxied, headers: readonly string[] = []) {
  const client = await ask(t, proxy.port, { path: '/nowhere', headers })
  await client.raw.ended
}

const yaml = (top: string) => `upstream: UPSTREAM\n${top}\nroutes: [{ name: chat, path: /ws }]`

test('a limited address is counted, listed, and named in the metrics of its limiter', async (t) => {
  const all = await proxied(t, {
    yaml: yaml('trustedProxies: [loopback]\nlimits: { handshakes: { perIp: [2/min, 100/h] } }'),
  })
  const from = (ip: string) => refused(t, all, [`X-Forwarded-For: ${ip}`])
  for (const ip of ['203.0.113.1', '203.0.113.1', '203.0.113.1', '203.0.113.2']) await from(ip)
  const { ops, admin } = all.proxy
  assert.equal(await scrape(ops, 'ws_tracked_keys{limiter="handshakes.perIp"}'), 2)
  assert.equal(await scrape(ops, 'ws_evictions_total{limiter="handshakes.perIp"}'), 0)
  assert.equal(await scrape(ops, 'websocket_rate_limited_ips'), 1)
  assert.equal(await scrape(ops, 'ws_clients_look_like_one'), 0)
  const listed = await fetch(`http://${admin}/api/limits?top=1`)
  assert.deepEqual(await listed.json(), {
    limits: [
      {
        limiter: 'handshakes.perIp',
        tracked: 2,
        evictions: 0,
        limited: 1,
        top: [{ key: '203.0.113.1', share: 1, used: 2 }],
      },
    ],
  })
  assert.equal((await fetch(`http://${admin}/api/limits?top=many`)).status, 400)
})

test('a proxy that trustedProxies does not name is told of once, in readyz and in a metric', async (t) => {
  const all = await proxied(t, { yaml: yaml('') })
  for (let index = 0; index < 12; index++) await refused(t, all, [`X-Forwarded-For: 203.0.113.${index}`])
  const { proxy } = all
  const { msg } = await proxy.line(({ event }) => event === 'one_client')
  assert.match(
    String(msg),
    /most clients seem to be 127\.0\.0\.1.*trustedProxies: \[127\.0\.0\.1\] \(WS_TRUSTED_PROXIES\)/,
  )
  assert.equal(proxy.logs.filter(({ event }) => event === 'one_client').length, 1)
  assert.equal(await scrape(proxy.ops, 'ws_clients_look_like_one'), 1)
  const ready = await fetch(`http://${proxy.ops}/readyz`)
  assert.equal(await ready.text(), 'ready\nmost clients seem to be 127.0.0.1: see the log\n')
})
