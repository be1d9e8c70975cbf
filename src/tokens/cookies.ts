/** The values of the cookies called `name` in the given Cookie lines, in order, quotes stripped (RFC 6265 section 4.1.1). */
export function cookieValues(lines: readonly string[], name: string): string[] {
  return lines
    .flatMap((line) => line.split(';'))
    .filter((pair) => cookieName(pair) === name)
    .map((pair) => unquote(pair.slice(pair.indexOf('=') + 1).trim()))
}

/** The value of the first cookie called `name`; undefined when there is none. */
export function cookieValue(lines: readonly string[], name: string): string | undefined {
  return cookieValues(lines, name)[0]
}

/** The names of all cookies in the given Cookie lines, in order, one as often as it stands there. */
export function cookieNames(lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.split(';')).flatMap((pair) => cookieName(pair) ?? [])
}

/** The name of one `name=value` pair of a Cookie line; undefined for a pair without `=`. */
export function cookieName(pair: string): string | undefined {
  const equals = pair.indexOf('=')
  return equals === -1 ? undefined : pair.slice(0, equals).trim()
}

function unquote(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
}
