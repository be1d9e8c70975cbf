import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type AdminOptions, createAdmin } from '../../src/admin/server.ts'
import type { Event } from '../../src/observe/events.ts'
import { endSessions, listSessions } from '../../src/observe/session-list.ts'
import type { SessionView } from '../../src/observe/session-view.ts'
import { rawClient } from '../support/raw.ts'

interface Answer {
  readonly status: number
  readonly head: string
  readonly text: string
  readonly json: () => unknown
}

/** An admin server over a set of sessions, what it was told to do, and what it observed. */
interface Admin {
  readonly ask: (request: string, headers?: string, body?: string) => Promise<Answer>
  readonly server: Server
  readonly port: number
  readonly ended: string[]
  readonly events: Event[]
}

const session = (id: string, ended: string[], more: Partial<SessionView> = {}): SessionView => ({
  id,
  route: 'widget',
  ip: '203.0.113.9',
  user: 'ann',
  origin: 'https://app.example',
  since: Date.UTC(2026, 0, 1),
  traffic: { messagesIn: 1, messagesOut: 2, bytesIn: 3, bytesOut: 4 },
  end: (reason) => ended.push(`${id} ${reason}`),
  ...more,
})

type Actions = Partial<AdminOptions['actions']>

async function administering(actions: Actions, use: (admin: Admin) => Promise<void>, token?: string): Promise<void> {
  const ended: string[] = []
  const events: Event[] = []
  const sessions = [
    session('one', ended),
    session('two/2', ended, { user: 'bob', ip: '2001:db8::1' }),
    session('three', ended, { route: 'api', user: undefined, origin: undefined }),
  ]
  const server = createAdmin({
    token: () => token,
    allowedHosts: [],
    observe: (event) => events.push(event),
    actions: {
      config: () => ({ listen: ':8080' }),
      list: (filter, most) => listSessions(sessions, filter, most),
      end: (whom) => endSessions(sessions, whom),
      limits: () => [],
      drain: async () => ({ forced: 2 }),
      reload: async () => ({ ok: true }),
      parseDuration: (text) => (text === '1ms' ? 1 : undefined),
      revoke: async () => ({ id: 'jti:a' }),
      unrevoke: () => true,
      revocations: () => ({ total: 0, rows: [] }),
      ...actions,
    },
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on TCP has an address with a port.
  const { port } = server.address() as AddressInfo
  try {
    const asking: Admin['ask'] = (request, headers = '', body = '') => ask(port, request, headers, body)
    await use({ ask: asking, server, port, ended, events })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** Sends one request whose target is never touched by a client library. */
async function ask(port: number, request: string, headers: string, body: string): Promise<Answer> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`${request} HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n${headers}\r\n${body}`)
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  const end = answer.indexOf('\r\n\r\n')
  const text = answer.slice(end + 4)
  return { status: Number(answer.slice(9, 12)), head: answer.slice(0, end), text, json: () => JSON.parse(text) }
}

const REQUESTS: [request: string, status: number, json: unknown][] = [
  ['GET /api/config', 200, { listen: ':8080' }],
  ['POST /api/reload', 200, { reloaded: true }],
  ['POST /api/drain', 200, { drained: true, forced: 2 }],
  ['POST /api/drain?wait=soon', 400, { error: 'wait: expected a duration such as 25s' }],
  ['POST /api/drain?wiat=1ms', 400, { error: 'unknown parameter: this takes wait' }],
  ['POST /api/drain?wait=1ms&wait=1ms', 400, { error: 'give each parameter once' }],
  ['GET /api/nothing', 404, { error: 'nothing is here: see /' }],
  ['GET /api/drain', 405, { error: 'use POST' }],
  ['POST /api/connections', 405, { error: 'use GET, DELETE' }],
  ['GET /api/connections/one', 405, { error: 'use DELETE' }],
  ['OPTIONS /api/config', 405, { error: 'use GET' }],
  ['DELETE /api/connections/nobody', 404, { error: 'no open connection has this id: see GET /api/connections' }],
  ['DELETE /api/connections', 400, { error: 'name whom to end: /api/connections/ID or /api/connections?user=USER' }],
  [
    'DELETE /api/connections?user=',
    400,
    { error: 'name whom to end: /api/connections/ID or /api/connections?user=USER' },
  ],
  ['DELETE /api/connections?user=ann&ip=x', 400, { error: 'unknown parameter: this takes user' }],
  ['DELETE /api/connections?user=ann&user=bob', 400, { error: 'give each parameter once' }],
  ['DELETE /api/connections/one?user=bob', 400, { error: 'this takes no parameters' }],
  ['DELETE /api/connections?user=nobody', 200, { ended: 0 }],
  ['GET /api/connections?usr=ann', 400, { error: 'unknown parameter: this takes route, user, ip' }],
  ['GET //', 404, { error: 'nothing is here: see /' }],
  ['GET http://[::1', 404, { error: 'nothing is here: see /' }],
  ['GET http://host:99999/', 404, { error: 'nothing is here: see /' }],
  ['DELETE /api/connections/%zz', 404, { error: 'nothing is here: see /' }],
  ['DELETE /api/connections/', 404, { error: 'nothing is here: see /' }],
  ['GET /__proto__', 404, { error: 'nothing is here: see /' }],
]

for (const [request, status, json] of REQUESTS) {
  test(`admin: ${request} is ${status}`, () =>
    administering({}, async ({ ask, ended }) => {
      const answer = await ask(request)
      assert.deepEqual([answer.status, answer.json()], [status, json])
      assert.deepEqual(ended, [])
    }))
}

test('admin: / lists the API', () =>
  administering({}, async ({ ask }) => {
    const answer = await ask('GET /')
    assert.equal(answer.status, 200)
    assert.match(answer.text, /POST +\/api\/reload/)
  }))

test('admin: answers are not stored, not sniffed, and no other site may read them', () =>
  administering({}, async ({ ask }) => {
    const { head } = await ask('GET /api/config')
    assert.match(head, /Cache-Control: no-store/)
    assert.match(head, /X-Content-Type-Options: nosniff/)
    assert.match(head, /Content-Type: application\/json/)
    assert.doesNotMatch(head, /Access-Control/i)
  }))

test('admin: connections are listed as the log names them', () =>
  administering({}, async ({ ask }) => {
    const answer = await ask('GET /api/connections?route=&user=ann&ip=203.0.113.9')
    assert.deepEqual(answer.json(), {
      matching: 1,
      connections: [
        {
          id: 'one',
          route: 'widget',
          ip: '203.0.113.9',
          user: 'ann',
          origin: 'https://app.example',
          since: '2026-01-01T00:00:00.000Z',
          messages_in: 1,
          messages_out: 2,
          bytes_in: 3,
          bytes_out: 4,
        },
      ],
    })
  }))

test('admin: at most 1,000 connections are listed, all are counted', () => {
  const many = Array.from({ length: 2500 }, (_, index) => session(String(index), []))
  return administering({ list: (filter, most) => listSessions(many, filter, most) }, async ({ ask }) => {
    // The answer's shape is what this test is about.
    const answer = (await ask('GET /api/connections')).json() as { matching: number; connections: unknown[] }
    assert.deepEqual([answer.matching, answer.connections.length], [2500, 1000])
  })
})

test('admin: one connection is ended by its id, percent-encoded', () =>
  administering({}, async ({ ask, ended, events }) => {
    const answer = await ask('DELETE /api/connections/two%2F2')
    assert.deepEqual([answer.status, answer.json()], [200, { ended: 1 }])
    assert.deepEqual(ended, ['two/2 ended_by_operator'])
    assert.deepEqual(events, [
      { type: 'administered', action: 'end connections', peer: '127.0.0.1', detail: 'connection two/2: 1 ended' },
    ])
  }))

test('admin: all connections of a user are ended, though ending one removes it', () => {
  const open = new Map<string, SessionView>()
  for (const id of ['a', 'b', 'c']) open.set(id, session(id, [], { end: () => open.delete(id) }))
  return administering({ end: (whom) => endSessions(open.values(), whom) }, async ({ ask }) => {
    const answer = await ask('DELETE /api/connections?user=ann')
    assert.deepEqual([answer.status, answer.json(), open.size], [200, { ended: 3 }, 0])
  })
})

test('admin: a reload with problems is 409 and lists them', () => {
  const reload = async () => ({ ok: false as const, problems: ['wsluice.yaml:3:1 routes: unknown key'] })
  return administering({ reload }, async ({ ask, events }) => {
    const answer = await ask('POST /api/reload')
    assert.equal(answer.status, 409)
    assert.match(answer.text, /wsluice\.yaml:3:1 routes: unknown key/)
    assert.deepEqual(events, [{ type: 'administered', action: 'reload', peer: '127.0.0.1', detail: 'refused' }])
  })
})

test('admin: a drain that outlasts its wait is 202 with what is left', () =>
  administering({ drain: () => new Promise(() => {}) }, async ({ ask }) => {
    const answer = await ask('POST /api/drain?wait=1ms')
    assert.deepEqual([answer.status, answer.json()], [202, { drained: false, open: 3 }])
  }))

test('admin: an action that throws is 500, told to the log alone, and the next is answered', () => {
  const config = () => {
    throw new Error('the cause')
  }
  return administering({ config }, async ({ ask, events }) => {
    const answer = await ask('GET /api/config')
    assert.equal(answer.status, 500)
    assert.doesNotMatch(answer.text, /cause/)
    assert.deepEqual(events, [{ type: 'warning', message: 'the admin API failed: the cause' }])
    assert.equal((await ask('GET /')).status, 200)
  })
})

test('admin: a configuration that JSON cannot hold is 500 too', () =>
  administering({ config: () => ({ big: 1n }) }, async ({ ask }) => {
    assert.equal((await ask('GET /api/config')).status, 500)
  }))

test('admin: a body may be at most 64 KiB', () =>
  administering({}, async ({ ask }) => {
    const within = await ask('POST /api/reload', 'Content-Length: 65536\r\n', 'x'.repeat(65536))
    assert.equal(within.status, 200)
    assert.equal((await ask('POST /api/reload', 'Content-Length: 65537\r\n')).status, 413)
    const chunked = await ask(
      'POST /api/reload',
      'Transfer-Encoding: chunked\r\n',
      `11000\r\n${'x'.repeat(0x11000)}\r\n`,
    )
    assert.equal(chunked.status, 413)
  }))

test('admin: a client that leaves in the middle of its body is nobody to answer', async () => {
  let reloads = 0
  const reload = async () => {
    reloads++
    return { ok: true as const }
  }
  await administering({ reload }, async ({ server, port, events }) => {
    const client = connect(port, '127.0.0.1')
    client.write('POST /api/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nxxx')
    const [request]: IncomingMessage[] = await once(server, 'request')
    // Not events.once: it would reject with the error that such an end is.
    const gone = new Promise((resolve) => request?.socket.on('close', resolve))
    client.destroy()
    await gone
    await setImmediate()
    assert.deepEqual([reloads, events], [0, []])
  })
})

test('admin: strangers are turned away, and that is logged without what they sent', () =>
  administering(
    {},
    async ({ ask, ended, events }) => {
      const none = await ask('DELETE /api/connections/one')
      assert.equal(none.status, 401)
      assert.match(none.head, /WWW-Authenticate: Bearer/)
      assert.equal((await ask('DELETE /api/connections/one', 'Authorization: Bearer guess\r\n')).status, 401)
      assert.equal((await ask('GET /api/config', 'Origin: https://evil.example\r\n')).status, 403)
      assert.deepEqual(ended, [])
      assert.deepEqual(
        events.map((event) => event.type),
        ['administered', 'administered', 'administered'],
      )
      assert.doesNotMatch(JSON.stringify(events), /guess|evil/)
      assert.equal((await ask('DELETE /api/connections/one', 'Authorization: Bearer right\r\n')).status, 200)
      assert.deepEqual(ended, ['one ended_by_operator'])
    },
    'right',
  ))

test('admin: pipelined requests are answered one after the other', (t) => {
  const underWay: string[] = []
  let most = 0
  const reload = async () => {
    underWay.push('reload')
    most = Math.max(most, underWay.length)
    await setImmediate()
    underWay.pop()
    return { ok: true as const }
  }
  return administering({ reload }, async ({ port }) => {
    const client = await rawClient(t, port)
    const request = `POST /api/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`
    client.send(`${request.repeat(20)}GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    assert.equal((await client.ended).match(/HTTP\/1\.1 200 OK/g)?.length, 21)
    assert.equal(most, 1)
  })
})

test('admin: an observer that throws costs the connection, not the process', async () => {
  const server = createAdmin({
    token: () => undefined,
    allowedHosts: [],
    observe: () => {
      throw new Error('full')
    },
    actions: {
      config: () => ({}),
      list: () => ({ matching: 0, rows: [] }),
      end: () => 0,
      limits: () => [],
      drain: async () => ({ forced: 0 }),
      reload: async () => ({ ok: true }),
      parseDuration: () => undefined,
      revoke: async () => ({}),
      unrevoke: () => true,
      revocations: () => ({ total: 0, rows: [] }),
    },
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on TCP has an address with a port.
  const { port } = server.address() as AddressInfo
  try {
    assert.equal((await ask(port, 'POST /api/reload', '', '')).head, '')
    assert.equal((await ask(port, 'GET /', '', '')).status, 200)
  } finally {
    server.close()
    server.closeAllConnections()
  }
})
