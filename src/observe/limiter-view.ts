/** What metrics see of a limiter: one rate over one kind of key, such as `widget.messages.perUser`. */
export interface LimiterView {
  readonly name: string
  /** Keys that are remembered. */
  readonly tracked: number
  /** Keys that others have pushed out so far. */
  readonly evictions: number
  /** The keys that are at their limit now. */
  readonly limited: () => readonly string[]
  /** The keys that use most of their rate, the fullest first. */
  readonly top: (count: number) => readonly { readonly key: string; readonly share: number; readonly events: number }[]
}
