/** Who may send messages of a type, and how often. A type is a text in a field of the message. */
import { z } from 'zod'
import { Windows } from '../limits/windows.ts'
import type { Connection } from '../policy/connection.ts'
import { pass, refuse, type Verdict } from '../policy/verdict.ts'
import { filledList } from '../settings/list.ts'
import { parsed } from '../settings/parsed.ts'
import { type Rate, rates } from '../settings/rate.ts'
import { text } from '../settings/text.ts'
import { inexactClaim, isInexact } from '../tokens/claims.ts'
import { formatRates } from './metering.ts'

interface TypePattern {
  readonly text: string
  /** `*` names what has no type too. */
  readonly matches: (type: string | undefined) => boolean
}

const typePattern = () =>
  parsed(text(), (written): TypePattern => {
    const at = written.indexOf('*')
    if (at < 0) return { text: written, matches: (type) => type === written }
    if (at < written.length - 1) throw new Error('expected a type, or the beginning of types and *, such as admin.*')
    const begin = written.slice(0, -1)
    return { text: written, matches: (type) => begin === '' || type?.startsWith(begin) === true }
  })

/** One rule of `allow`. */
const rule = z.strictObject({
  types: filledList(typePattern()).meta({ doc: 'The types: `name`, or `prefix*`.' }),
  when: z
    .strictObject({
      claim: text().meta({ doc: 'The claim compared.' }),
      equals: text().meta({ doc: 'What it must equal, or hold where it is a list.' }),
    })
    .meta({ doc: 'Who may send them.' }),
})

export const allowRules = () => z.array(rule).min(1, 'expected at least one entry')

/** Rates by type. */
export const ratesByType = () =>
  z
    .record(z.string(), rates(), 'expected rates by type, such as { subscribe: 5/min }')
    .refine((all) => Object.keys(all).length > 0, 'expected at least one entry')
    .meta({ words: 'rates by type' })

type Rule = z.output<typeof rule>

/** The type of a message; undefined: it has none. For what {@link unclearType} has nothing against. */
export function typeOf(value: unknown, field: string): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, field)) return undefined
  const type: unknown = (value as Record<string, unknown>)[field] // It has that key.
  return typeof type === 'string' ? type : undefined
}

/** Why others may take a message for one of another type than we do, or for several; undefined: they do not. */
export function unclearType(value: unknown, field: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) return 'a list, which may hold messages of any type'
  const type: unknown = (value as Record<string, unknown>)[field] // No key of a parsed object is anything but a text.
  // A list of one text is that text where it is a key in JavaScript, or in PHP.
  if (Object.hasOwn(value, field) && typeof type !== 'string') return `${field} is no text`
  // Go's reader, for one, takes a name in another case.
  for (const key in value) {
    if (key.length === field.length && key !== field && folded(key) === folded(field))
      return `a key that is ${field} in another case`
  }
  return undefined
}

/** Whatever its case: the long s and the Kelvin sign are s and k too. */
const folded = (name: string) => name.toUpperCase().toLowerCase()

/** Judges who sends a type. What no rule names is free; of several that name it one must hold. */
export function allowing(rules: readonly Rule[], connection: Connection): (type: string | undefined) => Verdict {
  if (rules.length === 0) return () => pass
  return (type) => {
    // Those of its newest token. Without one to read, in a dry run of the token, there is nothing to judge by.
    const { claims } = connection
    if (claims === undefined) return pass
    const naming = rules.filter(({ types }) => types.some(({ matches }) => matches(type)))
    if (naming.length === 0 || naming.some(({ when }) => holds(claims[when.claim], when))) return pass
    const needed = naming.map(({ when }) => `claim ${when.claim} to equal ${when.equals}`).join(' or ')
    return refuse('message_not_allowed', `${type === undefined ? 'no type' : `type ${shown(type)}`} needs ${needed}`)
  }
}

function holds(claim: unknown, { claim: name, equals }: Rule['when']): boolean {
  return [claim].flat().some((value: unknown) => {
    if (isInexact(value)) throw new Error(inexactClaim(name))
    return (
      (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') && String(value) === equals
    )
  })
}

/** Counts the messages of each type that has rates, for one connection. */
export function counting(byType: Readonly<Record<string, readonly Rate[]>>): (type: string, now: number) => Verdict {
  const windows = new Map(Object.entries(byType).map(([type, limits]) => [type, { limits, all: new Windows(limits) }]))
  return (type, now) => {
    const own = windows.get(type)
    if (!own || own.all.take(now)) return pass
    return refuse('message_rate', `type ${shown(type)} allows ${formatRates(own.limits)}`)
  }
}

const LONGEST_SHOWN = 64

/** A type for the log: a client chooses it. */
export const shown = (type: string) => JSON.stringify(type.slice(0, LONGEST_SHOWN))
