/** Connections of every fate, in any order, through `admit` and its permits, beside a naive list of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { connections } from '../../src/checks/connections.ts'
import { Counts } from '../../src/limits/counts.ts'
import { type Admission, admit, type Permit } from '../../src/policy/admit.ts'
import type { Mode, Step } from '../../src/policy/check.ts'
import type { Occupant } from '../../src/policy/seat.ts'
import { passed, refuse } from '../../src/policy/verdict.ts'
import { assembly, handshakeCheck } from '../support/check.ts'
import { connection } from '../support/connection.ts'
import { policyOf, step } from '../support/route-policy.ts'

const ALL = Number.POSITIVE_INFINITY

type Settings = Parameters<typeof handshakeCheck<typeof connections.settings>>[1]

/** Limits over all routes, and of the one route. */
interface Limits {
  readonly all: Settings
  readonly route: Settings
}

interface Asked {
  readonly user: string
  /** Last part of the address. */
  readonly ip: number
  /** A check after the counts refuses. */
  readonly isRefusedLater: boolean
}

/** The proxy's own: what it judges, counts and tells. */
class Real {
  readonly counts = new Counts<Occupant>()
  readonly told: string[] = []
  readonly permits = new Map<number, Permit>()

  async ask(id: number, { user, ip, isRefusedLater }: Asked, limits: Limits, mode: Mode): Promise<Admission> {
    const counting = (scope: string, settings: Settings): Step =>
      step('connections', handshakeCheck(connections, settings, assembly({ counts: this.counts, scope })), mode)
    const last = step('last', () => (isRefusedLater ? refuse('access_denied', 'later') : passed('')))
    const policy = policyOf([counting('', limits.all), counting('chat', limits.route), last])
    const admission = await admit(connection({ peer: `203.0.113.${ip}`, learned: { user } }), policy)
    if (admission.granted) this.permits.set(id, admission.permit)
    return admission
  }

  opens(id: number) {
    this.permits.get(id)?.opened({ conclude: ({ counted }) => this.told.push(`${id}${counted ? '' : '?'}`) })
  }
}

/** A connection as the model has it; one that was replaced is closing, and its sockets are still there. */
interface Known {
  readonly id: number
  readonly user: string
  readonly ip: number
  state: 'pending' | 'open' | 'closing' | 'gone'
}

/** The same, as a list of everybody and a reading of the rules. */
class Model {
  readonly all: Known[] = []
  /** Those that opened, in that order. */
  readonly #opened: Known[] = []
  readonly told: string[] = []
  readonly #keeps = new Map<string, number>()

  #of(user: string, state: Known['state']): Known[] {
    return this.all.filter((one) => one.user === user && one.state === state)
  }

  sockets(match: (one: Known) => boolean = () => true): number {
    return this.all.filter((one) => one.state !== 'gone' && match(one)).length
  }

  seats(user: string): number {
    return this.#of(user, 'pending').length + this.#of(user, 'open').length
  }

  /** The limits over all routes judge first; each that lets it in says from then on how many keep their places. */
  admits(asked: Asked, { all, route }: Limits): boolean {
    return this.#passes('', asked, all) && this.#passes('chat', asked, route)
  }

  #passes(scope: string, { user, ip }: Asked, { total, perIp, perUser, onExceed }: Settings): boolean {
    const isEvicting = onExceed === 'evict-oldest'
    const blocking = isEvicting ? this.#of(user, 'pending').length : this.seats(user)
    const counts: [count: number, max: unknown][] = [
      [this.sockets(), total],
      [this.sockets((one) => one.ip === ip), perIp],
      [blocking, perUser],
    ]
    // The settings of this test are numbers.
    if (counts.some(([count, max = ALL]) => count >= Number(max))) return false
    this.#keeps.set(`${scope} ${user}`, isEvicting ? Number(perUser) : ALL)
    return true
  }

  enter(id: number, { user, ip }: Asked) {
    this.all.push({ id, user, ip, state: 'pending' })
  }

  opens(one: Known) {
    if (one.state !== 'pending') return
    one.state = 'open'
    this.#opened.push(one)
    const open = this.#opened.filter(({ user, state }) => user === one.user && state === 'open')
    const keeps = Math.min(...['', 'chat'].map((scope) => this.#keeps.get(`${scope} ${one.user}`) ?? ALL))
    for (const older of open.slice(0, Math.max(0, open.length - keeps))) {
      older.state = 'closing'
      this.told.push(String(older.id))
    }
  }
}

const number = (min: number, max: number) => fc.option(fc.integer({ min, max }), { nil: undefined })
const perUser: fc.Arbitrary<Pick<Settings, 'perUser' | 'onExceed'>> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ perUser: fc.integer({ min: 1, max: 3 }), onExceed: fc.constant('evict-oldest') }),
  },
  { weight: 2, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.record({ perUser: fc.integer({ min: 1, max: 4 }) }) },
)
const settings: fc.Arbitrary<Settings> = fc
  .tuple(fc.record({ total: number(8, 20), perIp: number(4, 12) }), perUser)
  .map(([counted, seated]) => ({ ...counted, ...seated }))
const limiting: fc.Arbitrary<Limits> = fc.record({ all: settings, route: settings })

type Event =
  | ({ readonly act: 'ask' } & Asked)
  | { readonly act: 'open' | 'end' | 'endTwice'; readonly which: number }
  | ({ readonly act: 'reload' } & Limits)

const LONG = { minLength: 20, maxLength: 80, size: 'max' } as const

const USERS = ['ann', 'bob']

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      act: fc.constant('ask' as const),
      user: fc.constantFrom(...USERS),
      ip: fc.integer({ min: 1, max: 3 }),
      isRefusedLater: fc.integer({ min: 0, max: 3 }).map((one) => one === 3),
    }),
  },
  { weight: 5, arbitrary: fc.record({ act: fc.constant('open' as const), which: fc.nat(1000) }) },
  // The dial failed, the client left during it, either side crashed, a closing ended.
  {
    weight: 4,
    arbitrary: fc.record({ act: fc.constantFrom('end' as const, 'endTwice' as const), which: fc.nat(1000) }),
  },
  {
    weight: 1,
    arbitrary: limiting.map((limits) => ({ act: 'reload' as const, ...limits })),
  },
)

const picked = <T>(list: readonly T[], which: number): T | undefined => list[which % Math.max(1, list.length)]

/** What is counted equals the sockets there are. */
function isEqual({ counts, told }: Real, model: Model) {
  for (const scope of ['', 'chat']) {
    assert.equal(counts.open(`${scope}\0total\0`), model.sockets())
    for (const ip of [1, 2, 3]) {
      const own = model.sockets((one) => one.ip === ip)
      assert.equal(counts.open(`${scope}\0perIp\x00203.0.113.${ip}`), own)
    }
    for (const user of USERS) assert.equal(counts.seats.taken(`${scope}\0perUser\0${user}`), model.seats(user))
  }
  assert.deepEqual([...told].sort(), [...model.told].sort())
}

test('property: the counts equal the sockets, whatever becomes of them and whatever a reload says', async () => {
  let replaced = 0
  await fc.assert(
    fc.asyncProperty(limiting, fc.array(event, LONG), async (first, events) => {
      const [real, model] = [new Real(), new Model()]
      let limits = first
      for (const [id, one] of events.entries()) {
        if (one.act === 'reload') limits = one
        else if (one.act === 'ask') {
          const admission = await real.ask(id, one, limits, 'enforce')
          const isCounted = model.admits(one, limits)
          assert.equal(admission.granted, isCounted && !one.isRefusedLater)
          if (admission.granted) model.enter(id, one)
        } else {
          const known = picked(
            model.all.filter(({ state }) => (one.act === 'open' ? state === 'pending' : state !== 'gone')),
            one.which,
          )
          if (!known) continue
          if (one.act === 'open') {
            real.opens(known.id)
            model.opens(known)
          } else {
            for (let times = 0; times < (one.act === 'end' ? 1 : 2); times++) real.permits.get(known.id)?.release()
            known.state = 'gone'
          }
        }
        isEqual(real, model)
      }
      replaced += real.told.length
      for (const permit of real.permits.values()) permit.release()
      assert.equal(real.counts.size, 0)
    }),
    { numRuns: 500 },
  )
  assert.ok(replaced > 100, `only ${replaced} were replaced`)
})

test('property: a dry run reports what enforcement does, and ends nobody', async () => {
  let replaced = 0
  const steps = fc.array(
    event.filter(({ act }) => act !== 'reload'),
    LONG,
  )
  await fc.assert(
    fc.asyncProperty(limiting, steps, async (limits, events) => {
      const [enforced, dry] = [new Real(), new Real()]
      const ids: number[] = []
      let pending: number[] = []
      for (const [id, one] of events.entries()) {
        if (one.act === 'ask') {
          ids.push(id)
          pending.push(id)
          const asked = { ...one, isRefusedLater: false }
          const [really, tried] = [
            await enforced.ask(id, asked, limits, 'enforce'),
            await dry.ask(id, asked, limits, 'dry-run'),
          ]
          assert.equal(tried.granted, true)
          assert.equal(tried.findings[0]?.reason, really.granted ? undefined : really.refusal.reason)
        } else if (one.act !== 'reload') {
          const id = picked(one.act === 'open' ? pending : ids, one.which) ?? -1
          pending = pending.filter((each) => each !== id)
          for (const world of [enforced, dry]) {
            if (one.act === 'open') world.opens(id)
            else world.permits.get(id)?.release()
          }
        }
        // Enforced, who is told is gone before anything else happens.
        for (const told of enforced.told) enforced.permits.get(Number(told))?.release()
        assert.deepEqual(
          dry.told,
          enforced.told.map((told) => `${told}?`),
        )
        assert.equal(dry.counts.size, enforced.counts.size)
      }
      replaced += dry.told.length
    }),
    { numRuns: 500 },
  )
  assert.ok(replaced > 100, `only ${replaced} would be replaced`)
})
