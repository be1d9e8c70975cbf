/** One WebSocket of a page, from `new` to `close`. */
import type { Frame, Page } from 'playwright-core'

export interface VisitOptions {
  readonly url: string
  readonly protocols?: readonly string[]
  /** Texts it sends once open. */
  readonly sends?: readonly string[]
  /** It closes with 1000 when so many answers have come; as many as it sends unless given. */
  readonly closesAfter?: number
}

/** What the page saw of it. */
export interface Visit {
  readonly answers: readonly string[]
  readonly protocol: string
  readonly extensions: string
  /** Of the `CloseEvent`. */
  readonly code: number
  readonly reason: string
  readonly wasClean: boolean
}

/** Opens a WebSocket in a page or frame, resolves when it has closed. */
export function visit(page: Page | Frame, options: VisitOptions): Promise<Visit> {
  const { url, protocols = [], sends = ['hello'], closesAfter = sends.length } = options
  return page.evaluate(
    ([to, offered, texts, enough]) =>
      new Promise<Visit>((resolve) => {
        const socket = new WebSocket(to, [...offered])
        const answers: string[] = []
        socket.addEventListener('open', () => {
          for (const text of texts) socket.send(text)
        })
        socket.addEventListener('message', ({ data }) => {
          answers.push(String(data))
          if (answers.length === enough) socket.close(1000, 'done')
        })
        socket.addEventListener('close', ({ code, reason, wasClean }) => {
          const { protocol, extensions } = socket
          resolve({ answers, protocol, extensions, code, reason, wasClean })
        })
      }),
    [url, protocols, sends, closesAfter] as const,
  )
}
