/**
 * What fast wires write in one turn of a busy event loop, gathered where it is short and sent when the turn has read all
 * that was there. Reading many connections and then writing to many keeps either path, ours and the kernel's, in the
 * processor's cache. Where turns have little to do, writes go at once: nothing is to be gained then, and a moment lost.
 */

/** Who sends what it has gathered. */
export interface Gatherer {
  /** Sends `gathered[start..end)`; called once for each run of its bytes, in their order. */
  readonly sendGathered: (gathered: Buffer, start: number, end: number) => void
}

/** Longer ones are written at once: a copy of them costs more than it saves. */
const LONGEST = 2048

/** A turn with as many writes is a busy one. */
const BUSY = 4
/** While turns are not, every so many writes it is counted how many more the turn has. */
const COUNTED_EVERY = 32

let isBusy = false
let isCounting = false
let writes = 0

const gathered = Buffer.alloc(256 * 1024)
let filled = 0
/** Runs of bytes: whose, and where each ends. */
const whose: Gatherer[] = []
const ends: number[] = []

/** Whether bytes are gathered, to be sent before this turn is over; false: they are to go at once. */
export function gather(by: Gatherer, bytes: Uint8Array): boolean {
  if (!isBusy) return goesAtOnce()
  const end = filled + bytes.length
  if (bytes.length > LONGEST || end > gathered.length) return false
  if (filled === 0) setImmediate(endTurn)
  copy(bytes)
  if (whose.at(-1) === by) ends.pop()
  else whose.push(by)
  ends.push(end)
  filled = end
  return true
}

function goesAtOnce(): false {
  writes++
  if (isCounting || writes < COUNTED_EVERY) return false
  isCounting = true
  writes = 0
  setImmediate(() => {
    isCounting = false
    isBusy = writes >= BUSY
    writes = 0
  })
  return false
}

function endTurn(): void {
  isBusy = whose.length >= BUSY
  sendAllGathered()
}

/** For a call of a few words a loop is quicker. */
function copy(bytes: Uint8Array): void {
  if (bytes.length > 64) return gathered.set(bytes, filled)
  // The loop's bound.
  for (let at = 0; at < bytes.length; at++) gathered[filled + at] = bytes[at] as number
}

/** Sends all of it now: what follows must not overtake it. */
export function sendAllGathered(): void {
  let start = 0
  for (let run = 0; run < whose.length; run++) {
    // One for each.
    const end = ends[run] as number
    whose[run]?.sendGathered(gathered, start, end)
    start = end
  }
  filled = 0
  whose.length = 0
  ends.length = 0
}
