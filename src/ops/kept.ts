/**
 * One result for all who ask while it is being made, and for `keepMs` after: what is dear to make costs the same however
 * many ask. A failure is not kept.
 * @param clock ms, monotonic
 */
export function kept<T>(make: () => Promise<T>, keepMs: number, clock: () => number): () => Promise<T> {
  let last: { readonly result: Promise<T>; until: number } | undefined
  return () => {
    if (last && clock() < last.until) return last.result
    const made = { result: make(), until: Number.POSITIVE_INFINITY }
    last = made
    made.result.then(
      () => {
        made.until = clock() + keepMs
      },
      () => {
        last = undefined
      },
    )
    return made.result
  }
}
