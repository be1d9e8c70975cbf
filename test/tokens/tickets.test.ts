import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findTicket } from '../../src/tokens/find-ticket.ts'
import { TicketTable } from '../../src/tokens/tickets.ts'

const TOKEN = { payload: 'e30', fingerprint: { hash: 'abc', length: 3, preview: '' } }

const request = (more: { route?: string; owner?: string; until?: number } = {}) => ({
  route: 'chat',
  owner: 'ann',
  token: TOKEN,
  until: 30,
  ...more,
})

function issued(table: TicketTable, more: Parameters<typeof request>[0] = {}, now = 0): string {
  const ticket = table.issue(request(more), now)
  assert.ok(ticket !== undefined)
  return ticket
}

test('a ticket is good once, on its route, for its time', () => {
  const table = new TicketTable()
  const ticket = issued(table)
  assert.match(ticket, /^[\w-]{43}$/)
  assert.equal(table.take(ticket, 'other', 1), undefined)
  assert.equal(table.look(ticket, 'chat', 1), TOKEN)
  assert.equal(table.take(ticket, 'chat', 29), TOKEN)
  assert.equal(table.take(ticket, 'chat', 29), undefined)
  assert.equal(table.take(issued(table), 'chat', 30), undefined)
})

test('what is no ticket is nothing', () => {
  const table = new TicketTable()
  const ticket = issued(table)
  for (const bad of ['', ticket.slice(1), `${ticket}=`, ticket.toLowerCase(), '__proto__', 'x'.repeat(100_000)]) {
    if (bad !== ticket) assert.equal(table.take(bad, 'chat', 1), undefined)
  }
})

test('no two are the same', () => {
  const table = new TicketTable()
  const all = Array.from({ length: 1000 }, (_, index) => issued(table, { owner: String(index) }))
  assert.equal(new Set(all).size, 1000)
})

test('an owner has at most a hundred; one that is used or over makes room', () => {
  const table = new TicketTable()
  const [first = ''] = Array.from({ length: 100 }, () => issued(table))
  assert.equal(table.issue(request(), 1), undefined)
  assert.ok(table.issue(request({ route: 'other' }), 1))
  assert.ok(table.issue(request({ owner: 'bob' }), 1))
  table.take(first, 'chat', 1)
  assert.ok(table.issue(request({ until: 60 }), 1))
  assert.equal(table.issue(request(), 1), undefined)
  assert.ok(table.issue(request({ until: 60 }), 30))
  assert.equal(table.size, 2)
})

test('at most ten thousand wait: the oldest goes first', () => {
  const table = new TicketTable()
  const all = Array.from({ length: 10_001 }, (_, index) => issued(table, { owner: `user ${index}` }))
  assert.equal(table.size, 10_000)
  assert.equal(table.take(all[0] ?? '', 'chat', 1), undefined)
  assert.equal(table.take(all[1] ?? '', 'chat', 1), TOKEN)
})

const found = (query: string, protocols: string[] = []) => findTicket({ query, protocols, header: () => [] })

test('where it stands', () => {
  assert.deepEqual(found('a=1&ticket=x-_1'), { source: 'query:ticket', ticket: 'x-_1' })
  assert.deepEqual(found('', ['chat', 'ticket.x-_1']), { source: 'protocol:ticket.*', ticket: 'x-_1' })
  assert.deepEqual(found('ticket=', ['Ticket.x']), { source: 'protocol:ticket.*', ticket: 'x' })
  assert.equal(found('tickets=x', ['ticket']), undefined)
})
