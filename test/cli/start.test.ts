import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import { mintToken } from '../../src/tokens/mint.ts'
import { client, echoBackend } from '../support/backend.ts'
import { folder } from '../support/command-line.ts'
import { ON_LOOPBACK, runWsluice, spawnWsluice } from '../support/process.ts'
import { portOf } from '../support/raw.ts'

const SECRET = 'a-secret-of-at-least-thirty-two-bytes-0123456789'
const mint = (claims: object) => mintToken({ secret: SECRET, claims: { ...claims }, ttlSeconds: 60, now: Date.now() })

/** Ends at once: a drain without spreading. */
const QUICK = { ...ON_LOOPBACK, WS_DRAIN_JITTER: '0s', WS_DRAIN_TIMEOUT: '5s' }

const endOf = async (t: TestContext, place: string, headers?: Record<string, string>) =>
  await (await client(t, place, headers)).ended

test('a sidecar: configured by variables alone', async (t) => {
  const { upstream, upgrades } = await echoBackend(t)
  const cwd = folder(t, { secret: `${SECRET}\n` })
  const env = {
    ...QUICK,
    WS_UPSTREAM: upstream,
    WS_TOKEN_SECRET_FILE: 'secret',
    WS_ALLOWED_ORIGINS: 'https://app.example',
    WS_MAX_CONNECTIONS_PER_USER: '1',
  }
  const proxy = spawnWsluice(t, [], { cwd, env })
  const place = await proxy.address('listen')
  const token = await mint({ sub: 'ann' })
  const open = await client(t, `${place}/any?token=${token}`, { Origin: 'https://app.example' })
  assert.equal(await open.echo('hello'), 'hello')
  assert.equal((await endOf(t, `${place}/any?token=${token}`, { Origin: 'https://app.example' })).code, 1008)
  assert.deepEqual(await endOf(t, `${place}/any?token=${token}x`, { Origin: 'https://app.example' }), {
    code: 4401,
    reason: 'Invalid or expired authentication token',
  })
  assert.equal((await endOf(t, `${place}/any?token=${token}`, { Origin: 'https://evil.example' })).code, 1008)
  assert.equal(upgrades(), 1)

  proxy.child.kill('SIGTERM')
  assert.deepEqual(await open.ended, { code: 1012, reason: 'Service restart' })
  assert.deepEqual(await proxy.exit, { code: 0, signal: null })
  assert.equal(proxy.errors(), '')
  for (const hidden of [SECRET, token, token.split('.')[2] ?? '']) assert.ok(!proxy.written().includes(hidden))
})

const ROUTES = (upstream: string) => `
upstream: ${upstream}
drain: { jitter: 0s }
routes:
  - name: room
    path: /ws/:room
    token: { secretFile: secret }
    authorize: [{ claim: room, equals: "param:room" }]
  - { name: open, path: /open }
`

test('a file with routes, and flags before variables before the file', async (t) => {
  const { upstream } = await echoBackend(t)
  const cwd = folder(t, { 'wsluice.yaml': `listen: nowhere\n${ROUTES('http://127.0.0.1:1')}`, secret: SECRET })
  const proxy = spawnWsluice(
    t,
    ['start', '--config', 'wsluice.yaml', '--listen', '127.0.0.1:0', '--upstream', upstream],
    {
      cwd,
      env: { ...ON_LOOPBACK, WS_LISTEN: 'elsewhere', WS_UPSTREAM: 'http://127.0.0.1:2' },
    },
  )
  const place = await proxy.address('listen')
  const token = await mint({ room: '7' })
  assert.equal(await (await client(t, `${place}/ws/7?token=${token}`)).echo('in'), 'in')
  assert.equal(await (await client(t, `${place}/open`)).echo('in'), 'in')
  assert.deepEqual(await endOf(t, `${place}/ws/8?token=${token}`), { code: 1008, reason: 'Access denied' })
  assert.deepEqual(await endOf(t, `${place}/nowhere`), { code: 4404, reason: 'Not found' })
  assert.equal(await (await fetch(`http://${place}/page`)).text(), 'hello')
})

test('--dry-run refuses nothing and tells what it would', async (t) => {
  const { upstream } = await echoBackend(t)
  const env = { ...QUICK, WS_UPSTREAM: upstream, WS_ALLOWED_ORIGINS: 'https://app.example' }
  const proxy = spawnWsluice(t, ['--dry-run'], { env })
  const open = await client(t, `${await proxy.address('listen')}/x`, { Origin: 'https://evil.example' })
  assert.equal(await open.echo('in'), 'in')
  const decided = await proxy.event('decided')
  assert.deepEqual([decided.outcome, decided.reason], ['would_reject', 'origin_not_allowed'])
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} drains, a second one changes nothing where nothing is open, exit 0`, async (t) => {
    const env = { ...QUICK, WS_UPSTREAM: 'http://127.0.0.1:1', WS_DRAIN_DELAY: '300ms' }
    const proxy = spawnWsluice(t, [], { env })
    const ops = await proxy.address('ops')
    proxy.child.kill(signal)
    await proxy.event('draining')
    assert.equal((await fetch(`http://${ops}/readyz`)).status, 503)
    assert.equal((await fetch(`http://${ops}/healthz`)).status, 200)
    proxy.child.kill('SIGTERM')
    assert.deepEqual(await proxy.exit, { code: 0, signal: null })
    assert.equal(proxy.events('stopped').length, 1)
  })
}

test('a second SIGTERM does not cut the drain, a second SIGINT does', async (t) => {
  const { upstream } = await echoBackend(t)
  const env = { ...ON_LOOPBACK, WS_UPSTREAM: upstream, WS_DRAIN_DELAY: '1h' }
  const proxy = spawnWsluice(t, [], { env })
  const open = await client(t, `${await proxy.address('listen')}/x`)
  proxy.child.kill('SIGTERM')
  await proxy.event('draining')
  proxy.child.kill('SIGTERM')
  assert.equal(await open.echo('still there'), 'still there')
  proxy.child.kill('SIGINT')
  assert.equal(await open.echo('still there'), 'still there')
  proxy.child.kill('SIGINT')
  assert.equal((await proxy.exit).code, 0)
  assert.equal((await open.ended).code, 1006)
})

test('SIGHUP reloads: the new policy holds, open connections stay', async (t) => {
  const { upstream } = await echoBackend(t)
  const yaml = `upstream: ${upstream}\nwatch: false\nroutes: [{ path: /a }]\n`
  const cwd = folder(t, { 'wsluice.yaml': yaml })
  const proxy = spawnWsluice(t, ['-c', 'wsluice.yaml'], { cwd, env: ON_LOOPBACK })
  const place = await proxy.address('listen')
  const open = await client(t, `${place}/a`)
  writeFileSync(join(cwd, 'wsluice.yaml'), yaml.replace('/a', '/b'))
  proxy.child.kill('SIGHUP')
  await proxy.event('reloaded')
  assert.equal(await open.echo('kept'), 'kept')
  assert.equal((await endOf(t, `${place}/a`)).code, 4404)
  assert.equal(await (await client(t, `${place}/b`)).echo('new'), 'new')
})

test('a changed file is noticed; a bad one keeps the old policy and is told of, and a good one mends it', async (t) => {
  const { upstream } = await echoBackend(t)
  const yaml = (path: string) => `upstream: ${upstream}\nroutes: [{ path: ${path}, token: { secretFile: secret } }]\n`
  const cwd = folder(t, { 'wsluice.yaml': yaml('/a'), secret: SECRET })
  const proxy = spawnWsluice(t, ['-c', 'wsluice.yaml'], { cwd, env: ON_LOOPBACK })
  const place = await proxy.address('listen')
  const token = await mint({})
  const open = await client(t, `${place}/a?token=${token}`)

  writeFileSync(join(cwd, 'wsluice.yaml'), yaml('nowhere'))
  const failed = await proxy.event('reload_failed')
  assert.match(String(failed.problems), /wsluice\.yaml:2:18 routes\[0\]\.path/)
  assert.equal(await (await client(t, `${place}/a?token=${token}`)).echo('old'), 'old')

  // As an editor or Kubernetes does it: another file takes the name.
  writeFileSync(join(cwd, 'next'), yaml('/b'))
  renameSync(join(cwd, 'next'), join(cwd, 'wsluice.yaml'))
  await proxy.event('reloaded')
  assert.equal(await (await client(t, `${place}/b?token=${token}`)).echo('new'), 'new')
  assert.equal(await open.echo('kept'), 'kept')

  writeFileSync(join(cwd, 'secret'), `${SECRET}-rotated`)
  await proxy.event('reloaded', 1)
  assert.equal((await endOf(t, `${place}/b?token=${token}`)).code, 4401)
})

test('a file that a bad configuration asked for is noticed when it comes', async (t) => {
  const { upstream } = await echoBackend(t)
  const cwd = folder(t, { 'wsluice.yaml': `upstream: ${upstream}\nroutes: [{ path: /a }]\n` })
  const secrets = folder(t)
  const proxy = spawnWsluice(t, ['-c', 'wsluice.yaml'], { cwd, env: ON_LOOPBACK })
  await proxy.event('started')
  const routes = `[{ path: /a, token: { secretFile: ${secrets}/secret } }]`
  writeFileSync(join(cwd, 'wsluice.yaml'), `upstream: ${upstream}\nroutes: ${routes}\n`)
  assert.match(String((await proxy.event('reload_failed')).problems), /no such file/)
  writeFileSync(join(secrets, 'secret'), SECRET)
  await proxy.event('reloaded')
  assert.equal((await endOf(t, `${await proxy.address('listen')}/a`)).code, 4401)
})

test('a configuration that is bad starts nothing', async (t) => {
  const cwd = folder(t, { 'wsluice.yaml': 'upstreem: http://a\nlisten: nowhere\n' })
  const { code, written } = await runWsluice(t, ['-c', 'wsluice.yaml'], { cwd, env: ON_LOOPBACK })
  assert.equal(code, 2)
  assert.match(written, /wsluice\.yaml:1:1 upstreem: unknown key, did you mean "upstream"\?/)
  assert.doesNotMatch(written, /started/)
})

/** A port of loopback that is taken until the test ends. */
async function taken(t: TestContext): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `127.0.0.1:${portOf(server)}`
}

for (const [variable, setting] of [
  ['WS_LISTEN', 'listen'],
  ['WS_OPS_LISTEN', 'ops'],
  ['WS_ADMIN_LISTEN', 'admin'],
] as const) {
  test(`an address of ${setting} that is in use is an error that names it, exit 1`, async (t) => {
    const address = await taken(t)
    const env = { ...ON_LOOPBACK, WS_UPSTREAM: 'http://127.0.0.1:1', [variable]: address }
    const { code, errors } = await runWsluice(t, [], { env })
    assert.equal(code, 1)
    assert.equal(
      errors,
      `${setting}: cannot listen on ${address}: the address is in use; stop what uses it, or choose another\n`,
    )
  })
}

test('the version is that of the package', async (t) => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  assert.deepEqual(await runWsluice(t, ['--version']), { code: 0, written: `${version}\n`, errors: '' })
})

test('a bad flag is one line on stderr, exit 2', async (t) => {
  const { code, written, errors } = await runWsluice(t, ['--bogus'])
  assert.deepEqual([code, errors.split('\n').length, written], [2, 2, errors])
})

test('drain and health ask the running process', async (t) => {
  const { upstream } = await echoBackend(t)
  const proxy = spawnWsluice(t, [], { env: { ...QUICK, WS_UPSTREAM: upstream, WS_ADMIN_TOKEN: `${SECRET}-admin` } })
  const open = await client(t, `${await proxy.address('listen')}/x`)
  const env = {
    WS_UPSTREAM: upstream,
    WS_OPS_LISTEN: await proxy.address('ops'),
    WS_ADMIN_LISTEN: await proxy.address('admin'),
  }
  const health = await runWsluice(t, ['health', '--ready'], { env })
  assert.deepEqual(health, { code: 0, written: '', errors: '' })

  const stranger = await runWsluice(t, ['drain'], { env })
  assert.equal(stranger.code, 1)
  assert.match(stranger.errors, /not drained \(401\).*admin token/)

  const drained = await runWsluice(t, ['drain', '--wait', '10s'], {
    env: { ...env, WS_ADMIN_TOKEN: `${SECRET}-admin` },
  })
  assert.deepEqual(drained, { code: 0, written: '', errors: '' })
  assert.equal((await open.ended).code, 1012)
  assert.equal((await runWsluice(t, ['health'], { env })).code, 0)
  const notReady = await runWsluice(t, ['health', '--ready'], { env })
  assert.deepEqual([notReady.code, notReady.errors], [1, 'unhealthy (503): draining\n'])

  proxy.child.kill('SIGTERM')
  assert.equal((await proxy.exit).code, 0)
  const gone = await runWsluice(t, ['health'], { env })
  assert.equal(gone.code, 1)
  assert.match(gone.errors, /^the ops listener does not answer: .*\n$/)
})

test('several workers: an address in use is one line, exit 1', async (t) => {
  const address = await taken(t)
  const env = { ...ON_LOOPBACK, WS_UPSTREAM: 'http://127.0.0.1:1', WS_LISTEN: address }
  const { code, errors } = await runWsluice(t, ['--workers', '2'], { env })
  assert.deepEqual(
    [code, errors],
    [1, `listen: cannot listen on ${address}: the address is in use; stop what uses it, or choose another\n`],
  )
})

test('a number of workers that is none is said, exit 2', async (t) => {
  const env = { ...ON_LOOPBACK, WS_UPSTREAM: 'http://127.0.0.1:1' }
  for (const text of ['0', '257', 'many', '1.5']) {
    const { code, errors } = await runWsluice(t, ['--workers', text], { env })
    assert.deepEqual([code, errors], [2, `--workers: expected a whole number from 1 to 256, or auto, got "${text}"\n`])
  }
})

test('a unix socket is shared by several workers, and gone afterwards', async (t) => {
  const { upstream } = await echoBackend(t)
  const path = join(folder(t), 'ws.sock')
  const env = { ...QUICK, WS_UPSTREAM: upstream, WS_LISTEN: `unix:${path}`, WS_WORKERS: '2' }
  const proxy = spawnWsluice(t, [], { env })
  assert.equal((await proxy.event('started')).workers, 2)
  const socket = new WebSocket(`ws+unix:${path}:/x`)
  await once(socket, 'open')
  socket.send('in')
  assert.equal(String((await once(socket, 'message'))[0]), 'in')
  proxy.child.kill('SIGTERM')
  assert.equal((await once(socket, 'close'))[0], 1012)
  assert.equal((await proxy.exit).code, 0)
  assert.equal(existsSync(path), false)
})
