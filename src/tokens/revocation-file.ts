import { hash } from 'node:crypto'
import { readRevocations } from './revocation.ts'
import { MAX_REVOCATIONS, Revocations } from './revocations.ts'

/** A list of revocations that was read from a file. */
export class RevocationFile {
  readonly list: Revocations
  /** How many it names beyond what a list holds: those that end first were left out. */
  readonly leftOut: number
  readonly #digest: string

  /** Throws an Error that says which entry is wrong. Reading 100,000 takes about 0.2 s: see {@link readRevocationFile}. */
  constructor(text: string, digest: string = digestOf(text)) {
    const all = readRevocations(text)
    const ends = ({ until = Number.POSITIVE_INFINITY }) => until
    const kept =
      all.length <= MAX_REVOCATIONS ? all : all.toSorted((a, b) => compare(ends(b), ends(a))).slice(0, MAX_REVOCATIONS)
    this.list = new Revocations()
    for (const one of kept) this.list.add(one, 0)
    this.leftOut = all.length - kept.length
    this.#digest = digest
  }

  /** What it holds, for telling two configurations apart. */
  toJSON(): string {
    return this.#digest
  }
}

/** Those in use by what they hold. */
const known = new Map<string, WeakRef<RevocationFile>>()

/** The same, where a text is read that is in use already: configurations are read often, and a file seldom is another. */
export function readRevocationFile(text: string): RevocationFile {
  const digest = digestOf(text)
  const before = known.get(digest)?.deref()
  if (before) return before
  const file = new RevocationFile(text, digest)
  for (const [other, reference] of known) if (!reference.deref()) known.delete(other)
  known.set(digest, new WeakRef(file))
  return file
}

const digestOf = (text: string) => hash('sha256', text, 'base64')

/** Infinity minus Infinity is no number. */
const compare = (left: number, right: number) => (left === right ? 0 : left < right ? -1 : 1)
