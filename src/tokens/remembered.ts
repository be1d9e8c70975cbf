import { LRUCache } from 'lru-cache'
import type { Claims } from './claims.ts'

/** What a good signature once proved, for as long as the keys that proved it are the same. */
export interface RememberedTokens {
  has(id: string): boolean
  /** The claims kept for a token, unless other keys than those of `generation` proved them. */
  recall(id: string, generation: number): Claims | undefined
  /** Keeps claims; `size` is the payload's bytes, and a payload over 16 KiB is not kept. */
  keep(id: string, claims: Claims, generation: number, size: number): void
  forget(id: string): void
}

interface Entry {
  readonly claims: Claims
  readonly generation: number
}

const MAX_TOTAL_BYTES = 16 * 1024 * 1024
const MAX_ENTRY_BYTES = 16 * 1024

/**
 * A table of at most `max` verified tokens and 16 MiB of their payloads; the least recently used goes first. They are known by
 * their `tokenId`: no token stays in memory.
 */
export function rememberTokens(max: number): RememberedTokens {
  const table = new LRUCache<string, Entry>({ max, maxSize: MAX_TOTAL_BYTES, maxEntrySize: MAX_ENTRY_BYTES })
  return {
    has: (id) => table.has(id),
    recall(id, generation) {
      const entry = table.get(id)
      if (entry === undefined || entry.generation === generation) return entry?.claims
      table.delete(id)
      return undefined
    },
    keep(id, claims, generation, size) {
      table.set(id, { claims, generation }, { size: Math.max(1, size) })
    },
    forget(id) {
      table.delete(id)
    },
  }
}
