/** Rates over what clients send, counted per connection, user and address and in total; messages and bytes share them. */
import { z } from 'zod'
import type { Tracked } from '../limits/tracked.ts'
import { Windows } from '../limits/windows.ts'
import type { Exceeding, FrameCheck } from '../policy/check.ts'
import type { Connection } from '../policy/connection.ts'
import type { Frame } from '../policy/frame.ts'
import type { Reason } from '../policy/reasons.ts'
import { pass, type Verdict } from '../policy/verdict.ts'
import { count } from '../settings/count.ts'
import { duration } from '../settings/duration.ts'
import { notice } from '../settings/notice.ts'
import { type Rate, rates } from '../settings/rate.ts'
import { type Assembly, type RouteFacts, type SettingProblem, section } from './define.ts'

/** What counts under one key: which counts are told apart, and how they are explained. */
const PER = {
  perConnection: 'Per connection: one rate or several, all of which hold.',
  perUser: 'Per user of a token, over all his connections; one without the user claim counts as itself.',
  perIp: 'Per client address, over all its connections.',
  total: 'In total.',
} as const

type Per = keyof typeof PER

const PERS = Object.keys(PER) as Per[] // Object.keys is typed string[]; PER is a constant.

const ratesPer = (per: Per) => rates().optional().meta({ doc: PER[per] })

const allRates = () => ({
  perConnection: ratesPer('perConnection'),
  perUser: ratesPer('perUser'),
  perIp: ratesPer('perIp'),
  total: ratesPer('total'),
})

/** The settings of a candidate: nothing becomes of what exceeds it. */
export const meteredCandidate = () => z.strictObject(allRates())

/** The settings of a check that meters: rates, and what becomes of what exceeds one. */
export const meteredSection = () =>
  section({
    ...allRates(),
    onExceed: z.enum(['close', 'drop', 'delay']).prefault('close').meta({
      doc: '`close`: the connection ends; `drop`: the message vanishes; `delay`: reading stops until it fits. What never fits, closes.',
    }),
    closeAfterDrops: count(1).optional().meta({
      doc: 'With `drop`: after so many dropped messages of a connection the next one closes it.',
    }),
    maxDelay: duration().optional().meta({
      doc: 'With `delay`: what would have to wait longer since it came closes. Default: `5s`.',
    }),
    notice: notice().optional().meta({
      doc: 'A text message for the client before it is closed: a text, or an object that is sent as JSON.',
    }),
  })

export type Metered = z.output<ReturnType<typeof meteredSection>>

export function meteredProblems(settings: Metered, { hasToken }: RouteFacts): SettingProblem[] {
  const { perUser = [], onExceed, closeAfterDrops, maxDelay } = settings
  const needsToken = 'the user is named by a token: the route needs a token section'
  const needsDrop = 'nothing is dropped: set onExceed to drop, or remove it'
  const needsDelay = 'nothing is delayed: set onExceed to delay, or remove it'
  const found = [
    ...(perUser.length > 0 && !hasToken ? [{ path: ['perUser'], message: needsToken }] : []),
    ...(closeAfterDrops !== undefined && onExceed !== 'drop'
      ? [{ path: ['closeAfterDrops'], message: needsDrop }]
      : []),
    ...(maxDelay !== undefined && onExceed !== 'delay' ? [{ path: ['maxDelay'], message: needsDelay }] : []),
  ]
  if (found.length > 0 || PERS.some((per) => (settings[per] ?? []).length > 0)) return found
  return [{ path: [], message: `limits nothing: give it ${PERS.slice(0, -1).join(', ')} or ${PERS.at(-1)}` }]
}

const MAX_DELAY_MS = 5000

export const exceeding = ({
  onExceed,
  closeAfterDrops,
  maxDelay = MAX_DELAY_MS,
  notice: text,
}: Metered): Exceeding => ({
  action: onExceed,
  closeAfterDrops,
  maxDelay,
  notice: text,
})

/** What a connection's state depends on: what is done about an excess does not change what was counted. */
export const ratesOf = (settings: Metered): unknown => PERS.map((per) => settings[per])

/** A rate as one connection meets it: its own windows, or those of a key that it shares with others. */
interface Meter {
  readonly hasRoom: (now: number, amount: number) => boolean
  readonly record: (now: number, amount: number) => void
  /** The earliest time at which so much would fit, if nothing else comes. */
  readonly roomAt: (now: number, amount: number) => number
}

/** A key's place in a table that outlives the connection. */
class Shared implements Meter {
  readonly #table: Tracked
  readonly #key: string

  constructor(table: Tracked, key: string) {
    this.#table = table
    this.#key = key
  }

  hasRoom(now: number, amount: number): boolean {
    return this.#table.hasRoom(this.#key, now, amount)
  }

  record(now: number, amount: number): void {
    this.#table.record(this.#key, now, amount)
  }

  roomAt(now: number, amount: number): number {
    return this.#table.roomAt(this.#key, now, amount)
  }
}

/** One of several rates, ready to be met by connections. */
interface Limit {
  readonly text: string
  readonly meterOf: (connection: Connection) => Meter
}

/**
 * Assembles the rates of a check. All have room for an amount and it is recorded in each, or it is recorded in none.
 * @param key of the check
 * @param amountOf what a frame counts for; 0: nothing, it is free
 */
export function metering(
  key: string,
  reason: Reason,
  settings: Metered,
  assembly: Assembly,
  amountOf: (frame: Frame) => number,
): (connection: Connection) => FrameCheck {
  const limits = PERS.flatMap((per) => limitOf(key, per, settings[per] ?? [], assembly))
  const refused = (meters: readonly Meter[], full: number, now: number, amount: number): Verdict => ({
    ok: false,
    reason,
    detail: limits[full]?.text ?? '',
    // Found out where it is asked for: only a delay does, and a reload may make one of what closed.
    get retryAt() {
      return Math.max(...meters.map((meter) => meter.roomAt(now, amount)))
    },
  })
  const judge = (meters: readonly Meter[], { at: now }: Frame, amount: number): Verdict => {
    const full = firstFull(meters, now, amount)
    if (full >= 0) return refused(meters, full, now, amount)
    for (let index = 0; index < meters.length; index++) meters[index]?.record(now, amount)
    return pass
  }
  return (connection) => {
    const meters = limits.map(({ meterOf }) => meterOf(connection))
    return (frame) => {
      const amount = amountOf(frame)
      return amount === 0 ? pass : judge(meters, frame, amount)
    }
  }
}

function limitOf(key: string, per: Per, rates: readonly Rate[], { scope, limiter }: Assembly): Limit[] {
  if (rates.length === 0) return []
  const text = `${per} allows ${formatRates(rates)}${scope === '' ? ' (over all routes)' : ''}`
  const own = () => new Windows(rates)
  if (per === 'perConnection') return [{ text, meterOf: own }]
  const table = limiter(`${key}.${per}`, rates)
  const meterOf = (connection: Connection) => {
    const shared = KEYS[per](connection)
    return shared === undefined ? own() : new Shared(table, shared)
  }
  return [{ text, meterOf }]
}

const KEYS = {
  perUser: ({ user }: Connection) => user,
  perIp: ({ ipKey }: Connection) => ipKey,
  total: () => '',
} as const

/** Index of the first without room; -1 where all have room. */
function firstFull(meters: readonly Meter[], now: number, amount: number): number {
  for (let index = 0; index < meters.length; index++) {
    if (!meters[index]?.hasRoom(now, amount)) return index
  }
  return -1
}

/** Rates for operators: `10 in 1 s and 100 in 60 s`. */
export const formatRates = (rates: readonly Rate[]): string =>
  rates.map(({ count: most, windowMs }) => `${most} in ${windowMs / 1000} s`).join(' and ')
