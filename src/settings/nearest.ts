/** The known name a user most likely meant. */

/** Longest name that is compared: the work is quadratic, and what is longer is no typing mistake. */
const LONGEST = 80

/**
 * The candidate with the fewest typing mistakes (a letter missing, added, changed, or two exchanged) in `name`;
 * undefined where every one has more than a third of the letters wrong, or more than three. Case does not count.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > LONGEST) return undefined
  let best: string | undefined
  let fewest = Math.min(3, Math.max(1, Math.floor(name.length / 3))) + 1
  for (const candidate of candidates) {
    const mistakes = distance(name.toLowerCase(), candidate.toLowerCase())
    if (mistakes >= fewest) continue
    best = candidate
    fewest = mistakes
  }
  return best
}

/** Edit distance with exchanged neighbours (optimal string alignment). */
function distance(from: string, to: string): number {
  let earlier: number[] = []
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      current.push(cheapest(from, to, row, column, { earlier, previous, current }))
    }
    earlier = previous
    previous = current
  }
  return at(previous, to.length)
}

interface Rows {
  readonly earlier: readonly number[]
  readonly previous: readonly number[]
  readonly current: readonly number[]
}

function cheapest(from: string, to: string, row: number, column: number, rows: Rows): number {
  const change = from[row - 1] === to[column - 1] ? 0 : 1
  const isExchange = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
  return Math.min(
    at(rows.previous, column) + 1,
    at(rows.current, column - 1) + 1,
    at(rows.previous, column - 1) + change,
    isExchange ? at(rows.earlier, column - 2) + 1 : Number.POSITIVE_INFINITY,
  )
}

const at = (row: readonly number[], column: number) => row[column] ?? Number.POSITIVE_INFINITY
