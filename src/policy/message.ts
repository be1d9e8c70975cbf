/** A whole message, which message checks judge where a policy reads payloads. */
export interface Message {
  readonly kind: 'text' | 'binary'
  /** Unmasked and inflated; valid while it is judged only. */
  readonly payload: Uint8Array
  /** Whether the payload is known to be ASCII; false: it may still be. */
  readonly isAscii: boolean
  /** When its last bytes were read, ms on a monotonic clock. */
  readonly at: number
}
