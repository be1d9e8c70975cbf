import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { eventually } from '../support/upgrades.ts'
import { asking, httpService, rawService } from './services.ts'

const statusOf = (reply: object) => ('status' in reply ? reply.status : undefined)
const problemOf = (reply: object) => ('problem' in reply ? String(reply.problem) : '')

test('a question is a GET of the configured URL with the headers given', async (t) => {
  const seen: string[] = []
  const url = await httpService(t, (request, response) => {
    seen.push(`${request.method} ${request.url}`, ...request.rawHeaders)
    response.writeHead(204, { 'X-Tenant': 'acme' }).end()
  })
  const { ask } = asking(t, `${url}?for=ws`)
  const reply = await ask('X-Original-URI', '/ws?a=1', 'Cookie', 'caf\u00e9')
  assert.equal(statusOf(reply), 204)
  assert.ok('headers' in reply && reply.headers.includes('X-Tenant'))
  assert.deepEqual(seen.slice(0, 9), [
    ...['GET /authorize?for=ws', 'Host', new URL(url).host, 'Accept', '*/*'],
    ...['X-Original-URI', '/ws?a=1', 'Cookie', 'caf\u00e9'],
  ])
})

test('connections are kept, and a service that closes them meanwhile is asked again', async (t) => {
  let connections = 0
  const url = await rawService(t, (socket) => {
    connections++
    // One answer a connection, though it promised more.
    let answers = 0
    socket.on('data', () => {
      if (++answers > 1) socket.resetAndDestroy()
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
  })
  const { ask } = asking(t, url)
  for (let count = 0; count < 3; count++) {
    assert.equal(statusOf(await ask()), 200)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(connections >= 2)
})

test('a redirect is an answer, and is not followed', async (t) => {
  let asked = 0
  const url = await httpService(t, (request, response) => {
    asked++
    response.writeHead(302, { Location: `http://${request.headers.host}/elsewhere` }).end()
  })
  assert.equal(statusOf(await asking(t, url).ask()), 302)
  assert.equal(asked, 1)
})

const HOSTILE: [name: string, act: (socket: Socket) => void, problem: RegExp][] = [
  ['silent', () => {}, /^no answer within 200 ms$/],
  ['drips a head', (socket) => drip(socket, 'HTTP/1.1 200 OK\r\nX-A: '), /^no answer within 200 ms$/],
  ['resets', (socket) => socket.once('data', () => socket.resetAndDestroy()), /ECONNRESET|hang up/],
  ['leaves', (socket) => socket.once('data', () => socket.end()), /hang up/],
  ['speaks no HTTP', (socket) => socket.write('SSH-2.0-OpenSSH\r\n'), /Parse Error/],
  ['has a huge head', (socket) => socket.write(`HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(40_000)}\r\n\r\n`), /overflow/i],
  [
    'switches',
    (socket) =>
      socket.once('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
      ),
    /switched protocols/,
  ],
]

function drip(socket: Socket, text: string): void {
  socket.write(text)
  const timer = setInterval(() => socket.write('a'), 10)
  socket.once('close', () => clearInterval(timer))
}

for (const [name, act, problem] of HOSTILE) {
  test(`a service that ${name} is a problem, and nothing is left`, async (t) => {
    const { asker, ask } = asking(t, await rawService(t, act), 200)
    assert.match(problemOf(await ask()), problem)
    assert.equal(asker.open(), 0)
  })
}

test('a service that is not there is a problem', async (t) => {
  assert.match(problemOf(await asking(t, 'http://127.0.0.1:1/authorize').ask()), /ECONNREFUSED/)
})

test('of an endless body the head counts, and its connection ends', async (t) => {
  let isClosed = false
  const url = await httpService(t, (_request, response) => {
    const more = () =>
      void (response.write(Buffer.alloc(16 * 1024)) ? setImmediate(more) : response.once('drain', more))
    response.once('close', () => {
      isClosed = true
    })
    more()
  })
  assert.equal(statusOf(await asking(t, url).ask()), 200)
  await eventually(() => isClosed, 'the end of the connection')
})

test('a body that does not end is bounded in time', async (t) => {
  let isClosed = false
  const url = await httpService(t, (_request, response) => {
    response.once('close', () => {
      isClosed = true
    })
    response.write('more to come')
  })
  assert.equal(statusOf(await asking(t, url, 200).ask()), 200)
  await eventually(() => isClosed, 'the end of the connection')
})

test('a header that cannot be sent is a problem, and not thrown', async (t) => {
  const url = await httpService(t, (_request, response) => response.end())
  assert.match(problemOf(await asking(t, url).ask('X-A', 'a\r\nX-B: b')), /Invalid character/)
})

test('more than a thousand questions at once are too many', async (t) => {
  const { asker, ask } = asking(t, await rawService(t, () => {}), 300)
  const all = Array.from({ length: 1030 }, () => ask())
  const problems = (await Promise.all(all)).map(problemOf)
  assert.equal(problems.filter((problem) => /1024 questions wait/.test(problem)).length, 6)
  assert.equal(asker.open(), 0)
})
