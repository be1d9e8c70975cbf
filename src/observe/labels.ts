/** Metric labels whose value a client can choose, kept to a bounded set (trap 34). */

/** The value that stands for all that came after the set was full. */
const OTHER = 'other'

/** Keeps the first `max` different values, turns every later one into {@link OTHER}. One instance serves one label. */
export function capLabel(max = 100): (value: string) => string {
  const kept = new Map<string, string>()
  return (value) => {
    const known = kept.get(value)
    if (known !== undefined) return known
    // A copy: a value cut from a header would keep the whole header alive (trap 50). It is also well-formed UTF-8.
    const label = Buffer.from(value).toString()
    if (kept.has(label)) return label
    if (kept.size >= max) return OTHER
    kept.set(label, label)
    return label
  }
}
