import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseUpstream } from '../../src/net/upstream.ts'
import { agentFor, closeAgents, createAgents, probe, requestOptions, UpstreamPool } from '../../src/proxy/upstream.ts'
import { closedPort } from '../support/pass.ts'
import { portOf } from '../support/raw.ts'

const labels = (pool: UpstreamPool) => pool.candidates().map((upstream) => upstream.label.slice('http://'.length))

test('upstreams are taken in turn, the others follow', () => {
  const pool = new UpstreamPool(['http://a', 'http://b', 'http://c'].map(parseUpstream))
  assert.deepEqual(labels(pool), ['a', 'b', 'c'])
  assert.deepEqual(labels(pool), ['b', 'c', 'a'])
  assert.deepEqual(labels(pool), ['c', 'a', 'b'])
  assert.deepEqual(labels(pool), ['a', 'b', 'c'])
  assert.throws(() => new UpstreamPool([]), /at least one upstream/)
})

test('requestOptions says where, and by which name a certificate is judged', () => {
  const place = (text: string) => {
    const { protocol, host, port, socketPath, servername } = requestOptions(parseUpstream(text), false)
    return { protocol, host, port, socketPath, servername }
  }
  const none = { host: undefined, port: undefined, socketPath: undefined, servername: undefined }
  assert.deepEqual(place('http://h:81'), { ...none, protocol: 'http:', host: 'h', port: 81 })
  assert.deepEqual(place('https://h'), { ...none, protocol: 'https:', host: 'h', port: 443, servername: 'h' })
  assert.deepEqual(place('https://[::1]'), { ...none, protocol: 'https:', host: '::1', port: 443, servername: '' })
  assert.deepEqual(place('unix:/s'), { ...none, protocol: 'http:', socketPath: '/s' })
})

test('each protocol has its agent', () => {
  const agents = createAgents()
  assert.equal(agentFor(agents, parseUpstream('http://h')), agents.http)
  assert.equal(agentFor(agents, parseUpstream('unix:/s')), agents.http)
  assert.equal(agentFor(agents, parseUpstream('https://h')), agents.https)
  closeAgents(agents)
})

test('probe: whether something listens, on TCP and on a unix socket', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'wsluice-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 's')
  const servers = [createServer().listen(0, '127.0.0.1'), createServer().listen(path)]
  t.after(() => {
    for (const server of servers) server.close()
  })
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const [tcp] = servers
  assert.ok(tcp)
  assert.equal(await probe(parseUpstream(`http://127.0.0.1:${portOf(tcp)}`), 5_000), true)
  assert.equal(await probe(parseUpstream(`unix:${path}`), 5_000), true)
  assert.equal(await probe(parseUpstream(`http://127.0.0.1:${await closedPort()}`), 5_000), false)
  assert.equal(await probe(parseUpstream(`unix:${path}x`), 5_000), false)
})
