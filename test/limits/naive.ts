/** What was taken, as a list: the limiter that is obviously right. */
import type { Rate } from '../../src/limits/log.ts'

export interface Taken {
  readonly at: number
  readonly amount: number
}

/** How much of it lies in the window that ends with `now`; what came `windowMs` ago has left it. */
export const usedIn = (taken: readonly Taken[], now: number, windowMs: number): number =>
  taken.filter(({ at }) => at + windowMs > now && at <= now).reduce((sum, { amount }) => sum + amount, 0)

export const fitsNaively = (taken: readonly Taken[], rates: readonly Rate[], now: number, amount: number): boolean =>
  rates.every(({ count, windowMs }) => usedIn(taken, now, windowMs) + amount <= count)

/** The earliest time at which so much would fit: now, or when one of the events leaves a window. */
export function roomNaively(taken: readonly Taken[], rates: readonly Rate[], now: number, amount: number): number {
  const times = [now, ...taken.flatMap(({ at }) => rates.map(({ windowMs }) => at + windowMs))]
  const fitting = times.filter((time) => time >= now && fitsNaively(taken, rates, time, amount))
  return Math.min(...fitting)
}

/** The most of it that lies in any window of a length. */
export const mostInAnyWindow = (taken: readonly Taken[], windowMs: number): number =>
  Math.max(0, ...taken.map(({ at }) => usedIn(taken, at, windowMs)))
