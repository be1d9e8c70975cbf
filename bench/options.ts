/** What the command line of `npm run bench` asks for, and what a suite gives back. */

export interface BenchOptions {
  /** A smoke test: a fraction of a second each, nothing installed, nothing kept. The figures mean nothing. */
  readonly short: boolean
  /** Scenarios and peers of the suite `relay` to run; empty: all. */
  readonly only: readonly string[]
  /** How often the suite `relay` runs each scenario. */
  readonly rounds: number
  /** Idle connections of the suite `idle`. */
  readonly conns: number
}

/** What a suite measured. */
export interface Report {
  /** For the terminal. */
  readonly text: string
  /** For `--json`. */
  readonly json: unknown
  /** False where something went wrong, such as a byte that did not come back. */
  readonly ok: boolean
}

/** Whether `--only` leaves this one of `all` in. wsluice, which the others are compared with, always runs. */
export const isAsked = (only: readonly string[], id: string, all: readonly string[]) =>
  !only.some((name) => all.includes(name)) || only.includes(id) || id === 'wsluice'
