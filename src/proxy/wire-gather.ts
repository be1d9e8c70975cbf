/**
 * What fast wires write in one turn of a busy event loop, gathered where it is short and sent when the turn has read all
 * that was there. Reading many connections and then writing to many keeps either path, ours and the kernel's, in the
 * processor's cache. Where turns have little to do, writes go at once: nothing is to be gained then, and a moment lost.
 */

/** Who sends what it has gathered. */
export interface Gatherer {
  /** Sends bytes of its own; called once for each run of them, in their order. False: they were not taken, and are kept. */
  readonly sendGathered: (bytes: Uint8Array) => boolean
  /** Some were not taken. */
  readonly filled: () => void
}

/** Longer ones are written at once: a copy of them costs more than it saves. */
const LONGEST = 2048

/** A turn with as many writes is a busy one. */
const BUSY = 4
/** While turns are not, every so many writes it is counted how many more the turn has. */
const COUNTED_EVERY = 32

let isBusy = false
let isCounting = false
/** Of the turn: writes that went at once since they are counted, or runs that were gathered. */
let writes = 0
/** The end of this turn will be told. */
let isTurnOpen = false

/** Small enough to stay in the processor's first cache, and to be kept by a write that a slow reader holds up. */
const ROOM = 64 * 1024

let gathered = Buffer.alloc(ROOM)
let filled = 0
/** Runs of bytes: whose, and where each ends. */
const whose: Gatherer[] = []
const ends: number[] = []
/** The run that is to be sent next, and where it begins. */
let next = 0
let start = 0

/** Whether bytes are gathered, to be sent before this turn is over; false: they are to go at once. */
export function gather(by: Gatherer, bytes: Uint8Array): boolean {
  if (!isBusy) return goesAtOnce()
  const end = filled + bytes.length
  if (bytes.length > LONGEST || end > ROOM) return false
  if (!isTurnOpen) setImmediate(endTurn)
  isTurnOpen = true
  copy(bytes)
  // A run that has been sent is over.
  if (whose.length > next && whose.at(-1) === by) ends.pop()
  else {
    whose.push(by)
    writes++
  }
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
  isTurnOpen = false
  isBusy = writes >= BUSY
  writes = 0
  sendAllGathered()
}

/** For a call of a few words a loop is quicker. */
function copy(bytes: Uint8Array): void {
  if (bytes.length > 64) return gathered.set(bytes, filled)
  // The loop's bound.
  for (let at = 0; at < bytes.length; at++) gathered[filled + at] = bytes[at] as number
}

/** A run was not taken: its bytes must stay as they are. */
let isKept = false

/**
 * Sends all of it now: what follows must not overtake it. A wire that fails meanwhile may end another, who asks for the same:
 * that goes on where this is, so that no run is sent twice.
 * @param asking who asks for it, and sees for himself what was not taken
 */
export function sendAllGathered(asking?: Gatherer): void {
  while (next < whose.length) {
    // The loop's bound, and one for each.
    const by = whose[next] as Gatherer
    const bytes = gathered.subarray(start, ends[next])
    start += bytes.length
    next++
    if (by.sendGathered(bytes)) continue
    isKept = true
    if (by !== asking) by.filled()
  }
  if (isKept) gathered = Buffer.alloc(ROOM)
  isKept = false
  filled = 0
  next = 0
  start = 0
  whose.length = 0
  ends.length = 0
}
