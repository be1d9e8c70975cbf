/** Who a client is, from the wire to the limit and to the backend. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lineHeader } from '../support/proxy-header.ts'
import { accept, ask, eventually, handshake, proxied } from '../support/upgrades.ts'
import { masked } from '../support/wire-frames.ts'

const from = (address: string) => [`X-Forwarded-For: ${address}`]

test('a header, a handshake and frames in one piece: the address reaches the backend, and so do the frames', async (t) => {
  const yaml = 'upstream: UPSTREAM\nproxyProtocol: true\ntrustedProxies: [127.0.0.1]\n'
  const all = await proxied(t, { yaml })
  const client = await ask(t, all.proxy.port, {
    request: lineHeader('203.0.113.9') + handshake(),
    glued: masked(1, 'early'),
  })
  const upstream = await all.backend(0)
  assert.equal((await upstream.head()).header('x-forwarded-for'), '203.0.113.9')
  await accept(upstream)
  assert.equal((await client.head()).status, 101)
  assert.equal(String((await upstream.count(1))[0]?.payload), 'early')
  const line = await all.proxy.line(({ event }) => event === 'decided')
  assert.equal(line.ip, '203.0.113.9')
})

test('addresses of a route: allowed, denied, and what the client is told', async (t) => {
  const yaml = `
upstream: UPSTREAM
trustedProxies: [loopback]
routes:
  - path: /inner/*
    address: { allow: [private, "2001:db8::/32"], deny: [10.6.6.6] }
    origin: { allow: [https://a.example], missing: allow }
  - path: /*
`
  const { proxy } = await proxied(t, { yaml })
  const cases: [path: string, address: string, admitted: boolean][] = [
    ['/inner/a', '10.1.2.3', true],
    ['/inner/a', '::ffff:10.1.2.3', true],
    ['/inner/a', '2001:db8::5', true],
    ['/inner/a', '10.6.6.6', false],
    ['/inner/a', '203.0.113.9', false],
    // What the client writes to the left is no address of his.
    ['/inner/a', '10.1.2.3, 203.0.113.9', false],
    ['/other', '203.0.113.9', true],
  ]
  for (const [path, address, admitted] of cases) {
    const client = await ask(t, proxy.port, { path, headers: from(address) })
    const ip = address.split(', ').at(-1)?.replace('::ffff:', '')
    const isOwn = (line: Readonly<Record<string, unknown>>) =>
      line.event === 'decided' && line.ip === ip && line.url === path
    const line = await proxy.line(isOwn)
    assert.equal(line.reason, admitted ? undefined : 'address_not_allowed', `${path} ${address}`)
    if (!admitted) assert.deepEqual(await client.close(), { code: 1008, reason: 'Access denied' })
  }
  // Who may not connect at all learns nothing of what else is wrong: two origins are a bad request.
  const origins = ['Origin: https://a.example', 'Origin: https://b.example']
  for (const [address, text] of [
    ['203.0.113.9', 'Access denied'],
    ['10.1.2.3', 'Bad request'],
  ] as const) {
    const client = await ask(t, proxy.port, { path: '/inner/b', headers: [...from(address), ...origins] })
    assert.deepEqual(await client.close(), { code: 1008, reason: text })
  }
})

test('IPv6 clients of one network are counted as one, as are the spellings of an IPv4 address', async (t) => {
  const yaml = `
upstream: UPSTREAM
trustedProxies: [loopback]
ipv6Prefix: 56
routes: [{ path: /*, limits: { connections: { perIp: 1 } } }]
`
  const { proxy } = await proxied(t, { yaml })
  const cases: [address: string, admitted: boolean][] = [
    ['2001:db8:0:1::1', true],
    ['2001:db8:0:ff:a:b:c:d', false],
    ['2001:db8:0:100::1', true],
    ['203.0.113.9', true],
    ['::ffff:203.0.113.9', false],
    ['[::ffff:203.0.113.9]:4711', false],
    ['203.0.113.10', true],
  ]
  for (const [address, admitted] of cases) {
    const before = proxy.logs.filter(({ event }) => event === 'decided').length
    await ask(t, proxy.port, { headers: from(address) })
    await eventually(() => proxy.logs.filter(({ event }) => event === 'decided').length > before, 'a decision')
    const line = proxy.logs.filter(({ event }) => event === 'decided').at(-1)
    assert.equal(line?.outcome, admitted ? 'admitted' : 'rejected', address)
  }
})

test('heads as long as they may be name nobody else, and cost nobody else time', async (t) => {
  const yaml = 'upstream: UPSTREAM\ntrustedProxies: [loopback]\nforwardedHeader: forwarded\n'
  const { proxy } = await proxied(t, { yaml })
  const units = [',', '"', '\\', 'for=1.1.1.1,', 'for="', ';', ' ', 'a=b;', 'for=', '\\"']
  for (const unit of units) {
    const before = proxy.logs.length
    const started = performance.now()
    const value = `${unit.repeat(Math.floor(14_000 / unit.length))},for=203.0.113.9`
    await ask(t, proxy.port, { headers: [`Forwarded: ${value}`] })
    await eventually(() => proxy.logs.length > before, 'a decision')
    assert.equal(proxy.logs.at(-1)?.ip, '203.0.113.9', unit)
    assert.ok(performance.now() - started < 1000, unit)
  }
})
