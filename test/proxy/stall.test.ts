import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { STALL_MS, watchStall } from '../../src/proxy/stall.ts'
import { Wheel } from '../../src/proxy/wheel.ts'
import { LAST, passing } from '../support/pass.ts'
import { rawClient, rawServer } from '../support/raw.ts'
import { settled } from '../support/settled.ts'

const A_WHILE = STALL_MS + 50

/** What is seen at each look, and after how many of them it is given up. */
const WATCHED: [name: string, seen: (number | undefined)[], looks: number | undefined][] = [
  ['it moves', [1, 2, 3, 4, 5, 6], undefined],
  ['it never moves', [1, 1], 1],
  ['it stops', [1, 2, 3, 3], 3],
  ['nothing is expected', [undefined, undefined, undefined], undefined],
  ['nothing is expected in between', [1, undefined, 1, undefined, 1], undefined],
  ['it is expected later, and does not move', [undefined, undefined, 7, 7], 3],
]

for (const [name, seen, looks] of WATCHED) {
  test(`a stall: ${name}`, () => {
    let time = 0
    let at = 0
    let given: number | undefined
    const wheel = new Wheel(50, 0)
    const watch = watchStall(
      { wheel, clock: () => time },
      () => seen[at],
      () => {
        given = at
      },
    )
    for (at = 1; at < seen.length; at++) {
      time += A_WHILE
      wheel.tick(time)
    }
    assert.equal(given, looks)
    watch.cancel()
    assert.equal(wheel.size, 0)
  })
}

async function both(t: TestContext) {
  const behind = await rawServer(t)
  const proxy = await passing(t, [behind.port])
  const client = await rawClient(t, proxy.port)
  return { behind, client, ...proxy }
}

test('a body that does not move ends its connections; one that does, however slowly, passes', async (t) => {
  const { behind, client, advance } = await both(t)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n')
  const connection = await behind.connection(0)
  await connection.until('\r\n\r\n')
  for (const part of ['a', 'b', 'c']) {
    client.send(part)
    await connection.until(new RegExp(`${part}$`))
    advance(A_WHILE)
  }
  assert.ok(!connection.socket.closed)
  advance(A_WHILE)
  await Promise.all([client.ended, connection.ended])
})

test('a body goes on being watched after an early answer', async (t) => {
  const { behind, client, advance } = await both(t)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx')
  const connection = await behind.connection(0)
  await connection.until(/x$/)
  connection.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  await client.until(/ok$/)
  advance(A_WHILE)
  advance(A_WHILE)
  await Promise.all([client.ended, connection.ended])
})

test('a client that does not read what is queued for it is ended', async (t) => {
  const { behind, client, advance } = await both(t)
  client.socket.pause()
  client.send(`GET / HTTP/1.1\r\n${LAST}`)
  const connection = await behind.connection(0)
  await connection.until('\r\n\r\n')
  connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${64 << 20}\r\n\r\n`)
  for (let sent = 0; sent < 32; sent++) connection.send('x'.repeat(1 << 20))
  await settled(() => connection.socket.bytesWritten - connection.socket.writableLength)
  advance(A_WHILE)
  assert.ok(!connection.socket.closed)
  advance(A_WHILE)
  await connection.ended
})

test('a backend may think, and be silent between two events, as long as it likes', async (t) => {
  const { behind, client, advance } = await both(t)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi')
  const connection = await behind.connection(0)
  await connection.until('hi')
  for (let times = 0; times < 9; times++) advance(A_WHILE)
  connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n')
  await client.until('one')
  for (let times = 0; times < 9; times++) advance(A_WHILE)
  connection.send('3\r\ntwo\r\n0\r\n\r\n')
  await client.until('two\r\n0\r\n\r\n')
  for (let times = 0; times < 9; times++) advance(A_WHILE)
  client.send(`GET /next HTTP/1.1\r\n${LAST}`)
  await connection.until('GET /next')
})
