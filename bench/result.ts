/** How a suite is asked to run. */
export interface Effort {
  /** Few iterations: does it run at all? The figures mean nothing. */
  readonly short: boolean
}

/** One figure of a benchmark. */
export interface Result {
  readonly name: string
  readonly value: number
  readonly unit: string
}

/** Names on the left, figures on the right; the same lines as Markdown in the documentation. */
export function table(results: readonly Result[]): string {
  const names = Math.max(...results.map(({ name }) => name.length))
  return results
    .map(({ name, value, unit }) => `| ${name.padEnd(names)} | ${rounded(value).padStart(9)} ${unit} |`)
    .join('\n')
}

/** Three figures that count, without an exponent. */
const rounded = (value: number): string =>
  Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)))
