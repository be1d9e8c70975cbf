/** The last lines of the proxy's log, so that the page can show those of one attempt. */
import { isRecord } from '../config/record.ts'

/** A log line, parsed. */
export type LogLine = Readonly<Record<string, unknown>>

export interface LogBook {
  /** Takes a line as the proxy writes it. */
  readonly write: (line: string) => void
  /**
   * The lines of the handshake whose URL has `demo=<nonce>`, in order: as soon as its last is written, or what there is
   * after `waitMs`.
   */
  readonly linesOf: (nonce: string, waitMs: number) => Promise<readonly LogLine[]>
  /** Lets nobody wait any longer. */
  readonly close: () => void
}

const MAX_LINES = 1000

export function createLogBook(): LogBook {
  const lines: LogLine[] = []
  const waiting = new Set<() => void>()
  let isClosed = false
  const lookAgain = () => {
    for (const look of [...waiting]) look()
  }
  return {
    write: (text) => {
      const line: unknown = JSON.parse(text)
      if (!isRecord(line)) return
      lines.push(line)
      if (lines.length > MAX_LINES) lines.shift()
      lookAgain()
    },
    linesOf: (nonce, waitMs) =>
      new Promise((resolve) => {
        const answer = () => {
          clearTimeout(timer)
          waiting.delete(look)
          resolve(select(lines, nonce))
        }
        const look = () => {
          if (isClosed || isComplete(select(lines, nonce))) answer()
        }
        const timer = setTimeout(answer, waitMs)
        waiting.add(look)
        look()
      }),
    close: () => {
      isClosed = true
      lookAgain()
    },
  }
}

/** Only the line of the judgement has the URL; the others of that handshake share its id. */
function select(lines: readonly LogLine[], nonce: string): LogLine[] {
  const decided = lines.find(({ url }) => typeof url === 'string' && url.endsWith(`demo=${nonce}`))
  return decided ? lines.filter(({ request_id: id }) => id === decided.request_id) : []
}

/** A refused handshake has one line; an admitted one ends with `closed`. */
const isComplete = (lines: readonly LogLine[]) =>
  lines.some(({ event, outcome }) => event === 'closed' || outcome === 'rejected')
