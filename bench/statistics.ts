/** Arithmetic on repeated measurements. */

export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** Median, least and most; undefined where nothing was measured. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const [least, most] = [sorted.at(0), sorted.at(-1)]
  const [low, high] = [sorted.at((sorted.length - 1) >> 1), sorted.at(sorted.length >> 1)]
  if (least === undefined || most === undefined || low === undefined || high === undefined) return undefined
  return { median: (low + high) / 2, least, most }
}

/**
 * The ratios of two series, round by round: what disturbed a round disturbed both. A round that either lacks, or whose
 * divisor is not positive, says nothing.
 */
export function ratios(ours: readonly (number | undefined)[], theirs: readonly (number | undefined)[]): number[] {
  return ours.flatMap((our, round) => {
    const their = theirs[round]
    return our === undefined || their === undefined || their <= 0 ? [] : [our / their]
  })
}

/** Three significant digits, without an exponent: `0.28`, `4.21`, `59.3`, `1240`. */
export function digits(value: number): string {
  if (value === 0) return '0'
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return value.toFixed(Math.min(places, 3))
}
