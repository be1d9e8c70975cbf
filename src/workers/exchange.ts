/** Workers tell each other, through the primary, what they counted: how rates hold over all of them. */
import type { Limiters } from '../limits/limiters.ts'
import { CountedTable } from './counted-table.ts'
import type { Link } from './link.ts'
import type { Counted, ToPrimary, ToWorker } from './words.ts'

/** How often. What others let pass meanwhile is the error of a rate (docs/limits.md). */
const SHARE_MS = 50
/** After so many in which there was nothing to tell, the primary is told that we are there (silence.ts). */
const MOST_QUIET = 40

type State = ToPrimary['state']['says']

/** Begins to tell; stopped with `clearInterval`. */
export function shareCounted(link: Link<ToPrimary, ToWorker>, limiters: Limiters, stateOf: () => State) {
  let told: State = { sessions: 0, oneClient: undefined }
  let quiet = 0
  return setInterval(() => {
    // What a primary that is behind is not told now, it is told with the next.
    if (link.isBehind) return
    const counted = collect(limiters)
    if (counted.length > 0) link.tell('counted', counted)
    const state = stateOf()
    const isSame = state.sessions === told.sessions && state.oneClient === told.oneClient
    quiet = isSame && counted.length === 0 ? quiet + 1 : 0
    if (isSame && quiet < MOST_QUIET) return
    quiet = 0
    told = state
    link.tell('state', state)
  }, SHARE_MS)
}

function collect(limiters: Limiters): Counted {
  return [...limiters].flatMap(([name, table]) => {
    const counted = table instanceof CountedTable ? table.collect() : []
    return counted.length > 0 ? [[name, counted] as const] : []
  })
}

/** Counts what another worker let pass. @param now ms, the clock that rates count by */
export function takeCounted(limiters: Limiters, counted: Counted, now: number): void {
  for (const [name, amounts] of counted) {
    const table = limiters.named(name)
    if (!(table instanceof CountedTable)) continue
    for (const [key, amount] of amounts) table.absorb(key, now, amount)
  }
}
