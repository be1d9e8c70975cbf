/** The parameters that a request gives, by name. */
export type Query<Name extends string> = Readonly<Partial<Record<Name, string>>>

/** Reads the parameters a request may give, each once; an empty one is absent. A text says what is wrong. */
export function readParameters<Name extends string>(
  query: URLSearchParams,
  known: readonly Name[],
): Query<Name> | string {
  const names = [...query.keys()]
  const isKnown = (name: string) => known.some((key) => key === name)
  // One that we ignored would list, end or wait for more than was meant.
  if (!names.every(isKnown))
    return known.length > 0 ? `unknown parameter: this takes ${known.join(', ')}` : 'this takes no parameters'
  if (new Set(names).size < names.length) return 'give each parameter once'
  // Only known names are left.
  return Object.fromEntries([...query].filter(([, value]) => value !== '')) as Query<Name>
}
