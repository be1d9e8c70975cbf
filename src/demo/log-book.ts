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
  const write = (text: string) => {
    const line: unknown = JSON.parse(text)
    if (!isRecord(line)) return
    lines.push(line)
    if (lines.length > MAX_LINES) lines.shift()
    for (const look of [...waiting]) look()
  }
  const linesOf = async (nonce: string, waitMs: number) => {
    await whenever(() => isComplete(select(lines, nonce)), waiting, waitMs)
    return select(lines, nonce)
  }
  const close = () => {
    for (const look of [...waiting]) look()
  }
  return { write, linesOf, close }
}
