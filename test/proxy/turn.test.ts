import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodiesIn, echo, LAST, passingTo } from '../support/pass.ts'
import { exchange, rawClient } from '../support/raw.ts'

test('pipelined requests are answered in order, and none overtakes', async (t) => {
  const underWay: string[] = []
  const seen: string[] = []
  const proxy = await passingTo(t, (request, response) => {
    underWay.push(request.url ?? '')
    seen.push(underWay.join('+'))
    request.resume()
    setImmediate(() => {
      underWay.pop()
      response.end(`<${request.method} ${request.url}>`)
    })
  })
  const client = await rawClient(t, proxy.port)
  client.send(
    `PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET /2 HTTP/1.1\r\nHost: a\r\n\r\nHEAD /3 HTTP/1.1\r\nHost: a\r\n\r\nGET /4 HTTP/1.1\r\n${LAST}`,
  )
  assert.deepEqual(bodiesIn(await client.ended), ['<PUT /1>', '<GET /2>', '<GET /4>'])
  assert.deepEqual(seen, ['/1', '/2', '/3', '/4'])
})

test('bytes behind the last request do not cost it its answer; a flood of requests does', async (t) => {
  const proxy = await passingTo(t, echo)
  const received = await exchange(t, proxy.port, `GET /1 HTTP/1.1\r\n${LAST}GET /2 HTTP/1.1\r\n${LAST}`)
  assert.deepEqual(bodiesIn(received), ['<GET /1 >'])
  assert.equal(await exchange(t, proxy.port, 'GET /f HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(300)), '')
})

test('a malformed request behind a good one ends the connection after its answer', async (t) => {
  const proxy = await passingTo(t, echo)
  const bad = 'GET /2 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'
  const received = await exchange(
    t,
    proxy.port,
    `GET /1 HTTP/1.1\r\nHost: a\r\n\r\n${bad}GET /3 HTTP/1.1\r\nHost: a\r\n\r\n`,
  )
  assert.match(received, /^HTTP\/1\.1 200 [\s\S]*<GET \/1 >HTTP\/1\.1 400 [\s\S]*More than one Host\n$/)
  assert.deepEqual(
    proxy.backend.requests.map((request) => request.url),
    ['/1'],
  )
})
