/** What the matrix asks of every client; each runs where it lives, so payloads never cross a process. */

/** A connection of a client, by the name the test gave it. */
interface Id {
  readonly id: string
}

export interface OpenOptions extends Id {
  readonly url: string
  readonly protocols: readonly string[]
  /** Whether permessage-deflate is offered; a standard WebSocket always does. */
  readonly compress: boolean
}

export interface EchoOptions extends Id {
  readonly kind: 'text' | 'binary'
  /** Characters of text (some of more than a byte), or bytes. */
  readonly size: number
  /** Fragments it is sent in; 1 where the client cannot choose. */
  readonly parts: number
}

/** A close code and reason, as one end saw them. */
export interface CloseSeen {
  readonly code: number
  readonly reason: string | null
}

export interface Client {
  readonly name: string
  /** What the client lets its user do. */
  readonly can: { readonly fragment: boolean; readonly ping: boolean; readonly refuseCompression: boolean }
  readonly open: (options: OpenOptions) => Promise<{ readonly protocol: string; readonly extensions: string }>
  /** Sends a payload and compares what comes back: `same` or `different`. */
  readonly echo: (options: EchoOptions) => Promise<string>
  /** Sends a text, resolves with the answer. */
  readonly say: (options: Id & { readonly text: string }) => Promise<string>
  /** Resolves with `pong` when the backend answered. */
  readonly ping: (options: Id) => Promise<string>
  readonly close: (options: Id & { readonly code: number; readonly reason: string }) => Promise<CloseSeen>
  /** Sends a text, resolves with the end that it brings. */
  readonly told: (options: Id & { readonly text: string }) => Promise<CloseSeen>
  readonly stop: () => Promise<void>
}
