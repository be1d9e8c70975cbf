/** One session between two sockets whose other ends are the test's, on a clock that the test moves. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TestContext } from 'node:test'
import type { Closed, Event } from '../../src/observe/events.ts'
import { admit } from '../../src/policy/admit.ts'
import { compileAnswers } from '../../src/policy/answers.ts'
import type { FrameStep } from '../../src/policy/check.ts'
import type { Policy, RoutePolicy } from '../../src/policy/policy.ts'
import { pass, passed, refuse } from '../../src/policy/verdict.ts'
import { describe } from '../../src/proxy/describe.ts'
import { MessageMemory } from '../../src/proxy/message-memory.ts'
import { Session } from '../../src/proxy/session.ts'
import type { Pair, SessionContext } from '../../src/proxy/session-context.ts'
import { Sessions } from '../../src/proxy/sessions.ts'
import { Wheel } from '../../src/proxy/wheel.ts'
import { portableWire } from '../../src/proxy/wire-portable.ts'
import { listenTo, portOf } from './raw.ts'
import { trusting } from './trust.ts'
import { type End, endOf, within } from './upgrades.ts'

/** The date at which the clock of every test begins, ms since the epoch. */
export const START = Date.UTC(2026, 0, 1)

export const ROUTE: RoutePolicy = {
  name: 'r',
  steps: [],
  frames: [],
  upstreams: undefined,
  rejectWith: 'close',
  http: 'pass',
  validateUtf8: true,
  identity: {},
  tokenProtocols: () => new Set(),
  mode: 'enforce',
  tokenMode: 'enforce',
  session: { mode: 'enforce' },
  payload: () => '',
  maskQuery: (query) => query,
}

const STEP_MS = 500
const MAX_STEPPED_MS = 3_600_000

/** What sessions share, on a clock that `advance` moves. */
export function createShared() {
  const state = { clock: 0, jumped: 0, released: 0 }
  const wheel = new Wheel(50, 0)
  const sessions = new Sessions()
  const events: Event[] = []
  const context: SessionContext = {
    wheel,
    // `jumped`: the date may be set while we run.
    now: () => START + state.clock + state.jumped,
    clock: () => state.clock,
    frameClock: () => Math.floor(state.clock),
    observe: (event) => void events.push(event),
    answers: () => compileAnswers('seeds', {}),
    totals: (route) => sessions.totalsOf(route),
    memory: new MessageMemory(1 << 28),
    // Tests look at the sockets below; whole proxies in tests run on the fast one.
    makeWire: portableWire,
    ended: (session) => sessions.remove(session),
  }
  // In ticks that are not late, unless that takes too many.
  const advance = (ms: number) => {
    const end = state.clock + ms
    const step = ms > MAX_STEPPED_MS ? ms : STEP_MS
    while (state.clock < end) {
      state.clock = Math.min(state.clock + step, end)
      wheel.tick(state.clock)
    }
  }
  const closed = () => events.filter((event): event is Closed => event.type === 'closed')
  return { context, wheel, sessions, events, closed, advance, state }
}

export type Shared = ReturnType<typeof createShared>

export interface SessionOptions
  extends Partial<Pick<Pair, 'clientHead' | 'upstreamHead' | 'rsv' | 'droppable' | 'extensions'>> {
  readonly route?: Partial<RoutePolicy>
  /** ms since the epoch. */
  readonly expiresAt?: number
  readonly shared?: Shared
  /** In place of a socket. */
  readonly clientSocket?: Duplex
}

export interface OpenSession extends Shared {
  readonly session: Session
  readonly client: End
  readonly upstream: End
  /** The proxy's own ends. */
  readonly sockets: { readonly client: Duplex; readonly upstream: Duplex }
  /** The reasons for which it was ended from our side, in order: the first counts. */
  readonly ends: readonly string[]
  /** Resolves when the session's end was observed. */
  readonly over: () => Promise<Closed>
}

export async function openSession(t: TestContext, options: SessionOptions = {}): Promise<OpenSession> {
  const shared = options.shared ?? createShared()
  const [client, upstream] = await Promise.all([socketPair(t), socketPair(t)])
  const sockets = { client: options.clientSocket ?? client.ours, upstream: upstream.ours }
  for (const socket of Object.values(sockets)) socket.on('error', () => {})
  client.ours.write('HTTP/1.1 101 -\r\n\r\n')
  upstream.ours.write('GET / HTTP/1.1\r\n\r\n')
  let tell = (_closed: Closed) => {}
  const over = new Promise<Closed>((resolve) => {
    tell = resolve
  })
  const observe = (event: Event) => {
    shared.context.observe(event)
    if (event.type === 'closed') tell(event)
  }
  const pair: Pair = {
    permit: await permitOf({ ...ROUTE, ...options.route }, options.expiresAt, () => shared.state.released++),
    ...sockets,
    clientHead: options.clientHead ?? [],
    upstreamHead: options.upstreamHead ?? new Uint8Array(0),
    rsv: options.rsv ?? { first: 0, other: 0, opaque: false },
    droppable: options.droppable ?? 'every',
    extensions: options.extensions,
  }
  const session = new Session(pair, { ...shared.context, observe })
  shared.sessions.add(session)
  const ends: string[] = []
  const end = session.end.bind(session)
  session.end = (reason, ...rest) => {
    ends.push(reason)
    end(reason, ...rest)
  }
  return {
    ...shared,
    session,
    ends,
    client: endOf(listenTo(client.theirs)),
    upstream: endOf(listenTo(upstream.theirs)),
    sockets,
    over: () => over,
  }
}

/** A check that refuses frames of six bytes. */
export const frameStep = (mode: FrameStep['mode']): FrameStep => ({
  check: 'test',
  mode,
  id: `test ${mode}`,
  begin: () => (frame) => (frame.length === 6 ? refuse('message_rate', 'six') : pass),
})

/** Waits for its end; asserts that it was told once and nothing is left. Resolves with what was told. */
export async function isOver(open: OpenSession): Promise<{ code: number; reason: string; initiator: string }> {
  const { code, reason, initiator } = await within(open.over(), () => 'the end of the session')
  assert.equal(open.closed().length, 1)
  assert.equal(open.state.released, 1)
  assert.equal(open.wheel.size, 0)
  assert.equal(open.sessions.size, 0)
  assert.equal(open.sessions.totalsOf('r').active, 0)
  assert.ok(open.sockets.client.destroyed && open.sockets.upstream.destroyed)
  return { code, reason, initiator }
}

/** Only `admit` makes a permit. */
async function permitOf(route: RoutePolicy, expiresAt: number | undefined, release: () => void) {
  const learned = { user: 'u', ...(expiresAt === undefined ? {} : { expiresAt }) }
  const policy: Policy = {
    entry: [],
    routes: new Map(),
    unmatched: {
      ...route,
      steps: [{ check: 'test', mode: 'enforce', needs: [], judge: () => ({ ...passed('', learned), release }) }],
    },
    routeOf: () => route,
    answers: compileAnswers('seeds', {}),
    identityHeaders: [],
    trust: trusting([]),
    mode: 'enforce',
  }
  const raw = { target: '/', rawHeaders: [], remoteAddress: '127.0.0.1', encrypted: false }
  const admission = await admit(describe(raw, policy.trust, { at: START, clock: 0 }), policy)
  if (!admission.granted) throw new Error('not admitted')
  return admission.permit
}

/** Two ends of a TCP connection; neither answers FIN with FIN by itself. */
export async function socketPair(t: TestContext): Promise<{ ours: Socket; theirs: Socket }> {
  const server = createServer({ allowHalfOpen: true, noDelay: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const theirs = connect({ port: portOf(server), host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  // The event's one argument is the socket.
  const [[accepted]] = await Promise.all([once(server, 'connection'), once(theirs, 'connect')])
  const ours = accepted as Socket
  server.close()
  theirs.on('error', () => {})
  t.after(() => {
    ours.destroy()
    theirs.destroy()
  })
  return { ours, theirs }
}
