/** What each client of docs/from-nginx.md does, by the section and the row that speak of it. */
import { mintToken } from '../../../src/tokens/mint.ts'
import type { PairBackend } from './backend.ts'
import { type Going, leave, say, seen, seenAs, seenSending, seenWhile, type Visit, visit, visitDeaf } from './client.ts'
import { SECRET, type Side } from './sides.ts'

/** Resolves with what the client sees, in the words of the document. */
export type Client = (side: Side, group: readonly PairBackend[]) => Promise<string>

const going =
  (where: Going): Client =>
  (side) =>
    seen(side, where)
const onPage = (origin: string) => going({ headers: { Origin: origin } })
const atPath = (path: string) => going({ path })
const ordinary =
  (path: string): Client =>
  async ({ port }) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    await response.text()
    return `HTTP ${response.status}`
  }
const sending =
  (size: number): Client =>
  (side) =>
    seenSending(side, Buffer.alloc(size, 7))
const told =
  (what: 'user' | 'address', where: Going): Client =>
  (side) =>
    seenAs(side, where, what)

/** So many clients, one after the other; those that got in stay. */
async function several(side: Side, count: number, where: Going = {}): Promise<Visit[]> {
  const visits: Visit[] = []
  for (let index = 0; index < count; index++) visits.push(await visit(side, where))
  return visits
}

/** The last of so many, all of which stay until it is in or not. */
const lastOf =
  (count: number, where: Going): Client =>
  async (side) => {
    const visits = await several(side, count, where)
    await leave(visits)
    return visits.at(-1)?.seen ?? ''
  }

const MEBIBYTE = 1024 * 1024
const forwarded = (value: string): Going => ({ headers: { 'X-Forwarded-For': value } })
const session = (cookie: string): Going => ({ headers: { Cookie: `session=${cookie}` } })
const PAST_IT = '127.0.0.77'

const bearing = async (user: string, ttlSeconds: number): Promise<Going> => ({
  path: `/ws/room?token=${await mintToken({ secret: SECRET, claims: { sub: user }, ttlSeconds, now: Date.now() })}`,
})

export const CLIENTS: Readonly<Record<string, Readonly<Record<string, Client>>>> = {
  'The tunnel': {
    'opens a WebSocket': going({}),
    'sends a message of 1 MiB': sending(MEBIBYTE),
    'is closed by the backend: 4000 `enough`': async (side) => {
      const { socket, ended } = await visit(side)
      socket.send('close')
      return await ended
    },
    'is refused by the backend: 418': atPath('/refused'),
    'sends an ordinary request': ordinary('/'),
  },
  'Pages: map on Origin': {
    'on a page of `https://app.example.com`': onPage('https://app.example.com'),
    'on a page of `https://eu.app.example.com`': onPage('https://eu.app.example.com'),
    'on a page of `https://evil.example`': onPage('https://evil.example'),
    'on a page of `https://app.example.com.evil.example`': onPage('https://app.example.com.evil.example'),
    'that is no browser: no `Origin`': going({}),
  },
  'Addresses: allow and deny': {
    'of that network': going({}),
    'of another': going({ from: PAST_IT }),
  },
  'Behind a load balancer: real_ip': {
    'through it: `X-Forwarded-For: 198.51.100.9`': told('address', forwarded('198.51.100.9')),
    'through it: `X-Forwarded-For: 203.0.113.7`': going(forwarded('203.0.113.7')),
    'through it, with a claim of its own: `X-Forwarded-For: 198.51.100.9, 203.0.113.7`': going(
      forwarded('198.51.100.9, 203.0.113.7'),
    ),
    'past it: `X-Forwarded-For: 203.0.113.7`': told('address', { ...forwarded('203.0.113.7'), from: PAST_IT }),
  },
  'Open at once: limit_conn': {
    'is the third of its address': lastOf(3, {}),
    'is the fourth of its address': lastOf(4, {}),
    'comes when one of these has left': async (side) => {
      const visits = await several(side, 4)
      await leave(visits.slice(0, 1))
      visits.push(await visit(side))
      await leave(visits)
      return visits.at(-1)?.seen ?? ''
    },
    'is the sixth of all': async (side) => {
      const addresses = ['127.0.0.11', '127.0.0.12', '127.0.0.13']
      const visits = (await Promise.all(addresses.map((from) => several(side, 2, { from })))).flat()
      await leave(visits)
      const refusals = visits.map(({ seen }) => seen).filter((seen) => seen !== 'open')
      return refusals.join(' and ')
    },
  },
  'Handshakes: limit_req': {
    'is the tenth of its address at once': lastOf(10, { from: '127.0.0.21' }),
    'is the eleventh': lastOf(11, { from: '127.0.0.22' }),
    'is the first of another address': going({ from: '127.0.0.23' }),
  },
  'Handshakes that wait: burst without nodelay': {
    'is the second at once': async (side) => {
      const start = performance.now()
      const both = [seen(side), seen(side)].map(async (one) => {
        const outcome = await one
        return performance.now() - start > 1500 ? `${outcome}, 2 s later` : outcome
      })
      return (await Promise.all(both)).find((outcome) => outcome !== 'open') ?? 'open'
    },
  },
  'Dry run': {
    'is the second of its address at once': lastOf(2, {}),
    'leaves in the log': async ({ wouldHave }) => wouldHave(),
  },
  'Asking a service: auth_request': {
    'with a session of ann: 200, `X-User: ann`': told('user', session('ann')),
    'that says itself `X-User: root`: 200, `X-User: ann`': told('user', {
      headers: { Cookie: 'session=ann', 'X-User': 'root' },
    }),
    'without a session: 401': going({}),
    'with a session of another: 403': going(session('other')),
    'that asks for what is not there: 404': going(session('missing')),
    'when the service is broken: 500': going(session('broken')),
  },
  'Silence: proxy_read_timeout': {
    'sends a message now and then': async (side) => {
      const open = await visit(side)
      return await seenWhile(open, 2500, () => open.socket.send('here'))
    },
    'says nothing for longer, and hears nothing': async (side) => await seenWhile(await visit(side), 4000),
    'sends nothing but pings': async (side) => {
      const open = await visit(side)
      return await seenWhile(open, 4000, () => open.socket.ping())
    },
  },
  'A side that takes nothing: proxy_send_timeout': {
    'goes on sending to a backend that reads nothing': async (side) => {
      const open = await visitDeaf(side)
      open.socket.send(Buffer.alloc(32 * MEBIBYTE))
      return await seenWhile(open, 8000)
    },
  },
  'Several backends: upstream': {
    'and another one after it': async (side) => {
      const visits = await several(side, 2)
      const ports = await Promise.all(visits.map(({ socket }) => say(socket, 'port')))
      await leave(visits)
      return new Set(ports).size === 2 ? 'open, one at each' : `open, both at ${ports[0]}`
    },
    'while one is down': async (side, group) => {
      await group[0]?.stop()
      return await seen(side)
    },
    'while both are down': async (side, group) => {
      await Promise.all(group.map((backend) => backend.stop()))
      return await seen(side)
    },
  },
  'Paths: location and return': {
    'at `/ws/room`': going({}),
    'at `/ws/internal/room`': atPath('/ws/internal/room'),
    'at `/ws/%69nternal/room`': atPath('/ws/%69nternal/room'),
    'at `/elsewhere`': atPath('/elsewhere'),
    'at `/elsewhere`, an ordinary request': ordinary('/elsewhere'),
  },
  'TLS: ssl_certificate': {
    'by `wss:`': going({ scheme: 'wss' }),
    'by `ws:` to the same port': going({ scheme: 'ws' }),
  },
  'Sizes: client_max_body_size': {
    'sends a message of 1 MiB': sending(MEBIBYTE),
    'sends a message of 2 MiB': sending(2 * MEBIBYTE),
  },
  'What nginx cannot': {
    'with a token': async (side) => await seen(side, await bearing('ann', 60)),
    'with a token of yesterday': async (side) => await seen(side, await bearing('ann', -86_400)),
    'whose token ends while it is connected': async (side) =>
      await seenWhile(await visit(side, await bearing('ann', 2)), 3000),
    'is the fourth of its user': async (side) => await lastOf(4, await bearing('ann', 60))(side, []),
    'sends an eleventh message in ten seconds': async (side) => {
      const open = await visit(side, await bearing('bob', 60))
      for (let sent = 1; sent < 11; sent++) open.socket.send('more')
      return await seenWhile(open, 300)
    },
    'sends binary where text was agreed on': async (side) =>
      await seenSending(side, Buffer.of(1, 2, 3), await bearing('eve', 60)),
  },
  'The same status as before': {
    'on a page of `https://app.example.com`': onPage('https://app.example.com'),
    'on a page of `https://evil.example`': onPage('https://evil.example'),
    'at `/elsewhere`': going({ path: '/elsewhere', headers: { Origin: 'https://app.example.com' } }),
  },
}
