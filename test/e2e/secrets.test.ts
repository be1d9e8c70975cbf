/** Nothing that wsluice writes holds a token or a key: log, stderr, metrics, admin API, errors of `check`, `explain` (trap 29). */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { SignJWT } from 'jose'
import { commandLine, folder } from '../support/command-line.ts'
import { ON_LOOPBACK, spawnWsluice } from '../support/process.ts'
import { rawServer } from '../support/raw.ts'
import { accept, ask, endOf, handshake } from '../support/upgrades.ts'

const KEYS = {
  hmac: 'hmac-key-Zq7pR2mWx9Lk4Vb8Tn3Yc6Hd',
  rotated: 'rotated-key-Jf5sG1uEo0Ia7Pz2Xw9Qb',
  admin: 'admin-token-Nc8vK3rMh6Ty1Ud4Ls',
}

const SOURCES = ['query', 'header', 'cookie', 'protocol', 'prefixed'] as const
type Source = (typeof SOURCES)[number]

const yamlFor = (upstream: string) => `
upstream: ${upstream}
adminToken: ${KEYS.admin}
routes:
${[
  ['query', 'query:token'],
  ['header', 'header:authorization'],
  ['cookie', 'cookie:session'],
  ['protocol', 'protocol:bearer'],
  ['prefixed', 'protocol:base64url.bearer.*'],
]
  .map(
    ([path, from]) =>
      `  - { path: /${path}, token: { from: ["${from}"], secrets: [${KEYS.hmac}, ${KEYS.rotated}], issuer: us, maxLength: 1KiB }, headers: { claims: X-Claims } }`,
  )
  .join('\n')}
  - { path: /domains, token: { secret: ${KEYS.hmac} }, domains: {} }
  - { path: /dry, mode: dry-run, token: { secret: ${KEYS.hmac} } }
`

const sign = (key: string, claims: Record<string, unknown> = {}, expires = '1h') =>
  new SignJWT({ sub: 'user-of-the-test', iss: 'us', ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(expires)
    .sign(Buffer.from(key))

/** Tokens of every kind of failure, and a good one. */
async function mintTokens(): Promise<Record<string, string>> {
  const good = await sign(KEYS.hmac)
  return {
    good,
    rotated: await sign(KEYS.rotated, { n: 1 }),
    expired: await sign(KEYS.hmac, { n: 2 }, '-1h'),
    forged: await sign('another-key-that-nobody-knows-of-here', { n: 3 }),
    issuer: await sign(KEYS.hmac, { iss: 'them', n: 4 }),
    long: await sign(KEYS.hmac, { n: 'x'.repeat(1200) }),
    unsigned: `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"someone-else"}').toString('base64url')}.`,
    opaque: 'opaque-Wd4xB7nQk2Zs9Gv5Rj8Lm3Tf6Yp1Hc',
    odd: 'not"a<token>{}\\Zx8Cv7Bn6Mq5Wl4Kj3',
  }
}

function asking(source: Source, token: string): { path: string; headers: string[] } {
  const encoded = Buffer.from(token).toString('base64url')
  const headers: Record<Source, string[]> = {
    query: [],
    header: [`Authorization: Bearer ${token}`],
    cookie: [`Cookie: a=b; session=${token}`],
    protocol: [`Sec-WebSocket-Protocol: bearer, ${token.replace(/[^\w.-]/g, '_')}`],
    prefixed: [`Sec-WebSocket-Protocol: base64url.bearer.${encoded}, chat`],
  }
  return {
    path: source === 'query' ? `/query?a=1&token=${encodeURIComponent(token)}` : `/${source}`,
    headers: headers[source],
  }
}

/** What must stand nowhere: keys and tokens as they are, and as they may be encoded; of a token, none of it behind its first 8 characters. */
function needles(tokens: Record<string, string>): string[] {
  const pieces = Object.values(tokens).flatMap((token) => {
    const parts = token.split('.').filter((part) => part.length > 30)
    // The header of every HS256 token is the same, and no secret.
    const own = parts.length > 1 ? parts.slice(1) : [token.slice(8)]
    return own.flatMap((part) => [part.slice(0, 24), part.slice(-24)])
  })
  const keys = Object.values(KEYS).flatMap((key) => [
    key,
    key.slice(0, 20),
    key.slice(-16),
    Buffer.from(key).toString('base64').slice(0, 30),
  ])
  return [...pieces, ...keys, ...pieces.map((piece) => Buffer.from(piece).toString('base64url').slice(0, 20))]
}

function assertNone(written: string, tokens: Record<string, string>, where: string): void {
  for (const needle of needles(tokens)) {
    const at = written.indexOf(needle)
    assert.ok(at < 0, `${where} holds ${JSON.stringify(needle)}: …${written.slice(Math.max(0, at - 200), at + 60)}`)
  }
}

test('a run with every token source and every kind of failure', { timeout: 60_000 }, async (t) => {
  const tokens = await mintTokens()
  const backend = await rawServer(t)
  const home = folder(t, { 'wsluice.yaml': yamlFor(`http://127.0.0.1:${backend.port}`) })
  const wsluice = spawnWsluice(t, ['--config', 'wsluice.yaml'], {
    cwd: home,
    env: { ...ON_LOOPBACK, WS_LOG_LEVEL: 'debug' },
  })
  const port = Number((await wsluice.address('listen')).split(':')[1])
  const handshakes: { path: string; headers: string[] }[] = Object.values(tokens).flatMap((token) =>
    SOURCES.map((source) => asking(source, token)),
  )
  const good = tokens.good ?? ''
  for (const query of [
    `token=${good}&token=${good}`,
    `Token=${good}`,
    `x=${good}`,
    `token=%2565${good}`,
    `a[token]=${good}`,
  ]) {
    handshakes.push({ path: `/query?${query}`, headers: [] })
  }
  handshakes.push({ path: `/domains?token=${good}`, headers: ['Origin: https://page.test'] })
  handshakes.push({ path: `/dry?token=${tokens.forged}`, headers: [] })
  handshakes.push({
    path: `/nowhere?token=${good}`,
    headers: [`Cookie: session=${good}`, `Referer: http://a/?token=${good}`],
  })

  answerAll(backend, (index) => index % 3)
  await Promise.all(
    handshakes.map(async (one) => {
      const client = await ask(t, port, one)
      await client.head()
      // A breach of the protocol, where it was admitted.
      client.send('\x83\x80abcd')
      await client.ended()
      client.raw.socket.destroy()
    }),
  )
  for (const one of [{ path: `/query?token=${good}`, headers: [] }, asking('cookie', good)]) {
    await (await ask(t, port, { request: handshake(one).replace('Version: 13', 'Version: 8') })).ended()
  }
  await fetch(`http://127.0.0.1:${port}/query?token=${good}`, {
    headers: { authorization: `Bearer ${good}`, connection: 'close' },
  }).catch(() => {})

  const [ops, admin] = [await wsluice.address('ops'), await wsluice.address('admin')]
  const authorization = { authorization: `Bearer ${KEYS.admin}` }
  const open = await ask(t, port, asking('query', good))
  await open.head()
  for (const [place, headers] of [
    [`${ops}/metrics`, {}],
    [`${ops}/readyz`, {}],
    [`${admin}/api/config`, authorization],
    [`${admin}/api/connections`, authorization],
    [`${admin}/api/config`, { authorization: 'Bearer wrong' }],
  ] as const) {
    assertNone(await (await fetch(`http://${place}`, { headers })).text(), tokens, place)
  }

  // A reload of a file in which the keys stand where they should not.
  writeFileSync(
    join(home, 'wsluice.yaml'),
    `secrets: [${KEYS.hmac}]\n${yamlFor('http://127.0.0.1:1').replace('secrets: [', 'secret: [')}`,
  )
  wsluice.child.kill('SIGHUP')
  await wsluice.event('reload_failed')
  open.raw.socket.destroy()
  wsluice.child.kill('SIGINT')
  await wsluice.event('draining')
  wsluice.child.kill('SIGINT')
  await wsluice.exit
  assertNone(wsluice.written(), tokens, 'the log')
  const reasons = new Set(wsluice.events('decided').map(({ reason }) => reason))
  for (const reason of [
    'token_invalid',
    'token_expired',
    'token_missing',
    'bad_request',
    'route_not_found',
    undefined,
  ]) {
    assert.ok(reasons.has(reason), `${reason} did not come about`)
  }
})

/** A backend that accepts, refuses or fails, in turn. */
function answerAll(backend: Awaited<ReturnType<typeof rawServer>>, how: (index: number) => number): void {
  const next = async (index: number): Promise<void> => {
    const raw = await backend.connection(index)
    const end = endOf(raw)
    void end
      .head()
      .then(() => {
        if (how(index) === 0) return accept(end)
        if (how(index) === 1) end.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
        else raw.socket.resetAndDestroy()
        return undefined
      })
      .catch(() => {})
    return next(index + 1)
  }
  void next(0)
}

const BAD: [name: string, yaml: string][] = [
  ['a key that is a number of things', `routes: [{ token: { secret: { key: ${KEYS.hmac} } } }]`],
  ['a list where one is expected', `routes: [{ token: { secret: [${KEYS.hmac}] } }]`],
  ['a key under a wrong name', `routes: [{ token: { secert: ${KEYS.hmac} } }]`],
  ['secret and secrets', `routes: [{ token: { secret: ${KEYS.hmac}, secrets: [${KEYS.rotated}] } }]`],
  ['an algorithm that the key does not serve', `routes: [{ token: { secret: ${KEYS.hmac}, algorithms: [RS256] } }]`],
  ['YAML that breaks off in it', `routes: [{ token: { secret: "${KEYS.hmac} } }]`],
  ['a public key that is a secret', 'routes: [{ token: { publicKey: key.txt } }]'],
  ['a secret file that is missing', `adminToken: ${KEYS.admin}\nadminTokenFile: key.txt\nupstream: 5`],
  ['credentials in a URL', `upstream: http://user:${KEYS.admin}@host`],
]

test('check says what is wrong with a configuration, and none of its keys', async (t) => {
  for (const [name, yaml] of BAD) {
    const cwd = folder(t, { 'wsluice.yaml': `upstream: http://127.0.0.1:1\n${yaml}`, 'key.txt': KEYS.hmac })
    const env = { WS_TOKEN_SECRETT: KEYS.hmac, WS_TOKEN_SECRET: KEYS.rotated }
    const { code, out, err } = await commandLine(['check', '--config', 'wsluice.yaml'], { cwd, env })
    assert.equal(code, 2, `${name}: ${out}`)
    assertNone([out, ...err].join('\n'), {}, name)
  }
})

test('check and explain of a good configuration show no key and no token', async (t) => {
  const tokens = await mintTokens()
  const cwd = folder(t, { 'wsluice.yaml': yamlFor('http://127.0.0.1:1') })
  const checked = await commandLine(['check', '--config', 'wsluice.yaml'], { cwd })
  assert.equal(checked.code, 0, checked.err.join())
  assertNone(checked.out, tokens, 'check')
  const { good = '', expired = '', forged = '' } = tokens
  for (const token of [good, expired, forged]) {
    for (const args of [
      ['--url', `ws://host/query?token=${token}`],
      ['--url', 'ws://host/cookie', '--header', `Cookie: session=${token}`, '--json'],
      ['--url', 'ws://host/protocol', '--header', `Sec-WebSocket-Protocol: bearer, ${token}`],
    ]) {
      const { out, err } = await commandLine(['explain', '--config', 'wsluice.yaml', ...args], { cwd })
      assert.match(out, /token/)
      assertNone([out, ...err].join('\n'), tokens, 'explain')
    }
  }
})
