/** What a run of the suite `relay` leaves, as it stands in JSON. */
import type { Sample } from './scenarios.ts'

export interface PeerFacts {
  readonly id: string
  readonly label: string
  readonly about: string
  readonly version: string
}

export interface RelayResults {
  /** The day, ISO 8601. */
  readonly date: string
  readonly command: string
  readonly short: boolean
  readonly machine: readonly string[]
  readonly rounds: number
  readonly peers: readonly PeerFacts[]
  /** Who was not measured, and why. */
  readonly skipped: readonly { readonly label: string; readonly why: string }[]
  /** The `wsload` command of each scenario. */
  readonly commands: Readonly<Record<string, string>>
  /** wsluice's, as YAML. */
  readonly configuration: string
  readonly samples: readonly Sample[]
}

/** The runs in which something went wrong. */
export const failures = ({ samples }: RelayResults): readonly string[] =>
  samples
    .filter(({ result }) => !result.ok)
    .map(({ scenario, peer, result }) => `${peer}, ${scenario}: ${result.error ?? `${result.lost} messages lost`}`)
