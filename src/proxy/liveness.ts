/** Which backends accept connections: asked when somebody wants to know, remembered for a moment. */
import type { Upstream } from '../net/upstream.ts'
import { probe } from './upstream.ts'

const FRESH_MS = 2000
const PROBE_MS = 1000

export interface Liveness {
  /** Asks every backend, unless that was done a moment ago. */
  readonly check: () => Promise<readonly UpstreamState[]>
  /** What was found last. */
  readonly known: () => readonly UpstreamState[]
}

interface UpstreamState {
  readonly label: string
  /** Undefined until it was tried. */
  readonly up: boolean | undefined
}

/** @param upstreams every backend of the policy of now @param clock ms, monotonic */
export function createLiveness(upstreams: () => readonly Upstream[], clock: () => number): Liveness {
  const found = new Map<string, boolean>()
  let checkedAt = Number.NEGATIVE_INFINITY
  let underWay: Promise<void> | undefined
  const known = () => distinct(upstreams()).map(({ label }) => ({ label, up: found.get(label) }))
  const checkAll = async () => {
    const all = distinct(upstreams())
    const states = await Promise.all(all.map((upstream) => probe(upstream, PROBE_MS)))
    found.clear()
    for (const [index, { label }] of all.entries()) found.set(label, states[index] ?? false)
    checkedAt = clock()
  }
  const check = async () => {
    if (clock() - checkedAt < FRESH_MS) return known()
    underWay ??= checkAll().finally(() => {
      underWay = undefined
    })
    await underWay
    return known()
  }
  return { check, known }
}

const distinct = (upstreams: readonly Upstream[]): Upstream[] => [
  ...new Map(upstreams.map((upstream) => [upstream.label, upstream])).values(),
]
