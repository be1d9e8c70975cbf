/**
 * How much work a schema makes. Where alternatives refer to the schema they stand in, each level of a message may double
 * it: thirty levels are a thousand million. So every step along a reference is counted, and there is an end of them.
 */
import type { FuncKeywordDefinition } from 'ajv'

/** No keyword that a schema may have: it is put beside each reference. */
export const stepKeyword = 'wsluice:step'

/** Of a short message, for each byte of a longer one, and of any: a step that fails takes about a microsecond. */
const FEWEST = 5000
const PER_BYTE = 4
const MOST = 500_000

export class Steps {
  #left = 0

  /** A message of so many bytes is judged. */
  begin(bytes: number): void {
    this.#left = Math.min(MOST, FEWEST + PER_BYTE * bytes)
  }

  /** What is wrong where the steps have come to an end. */
  get complaint(): string | undefined {
    return this.#left < 0
      ? 'judging it takes too many steps: alternatives of its schema refer to the schema itself'
      : undefined
  }

  /** Throws a RangeError when there were too many. */
  get keyword(): FuncKeywordDefinition {
    return {
      keyword: stepKeyword,
      before: '$ref',
      errors: false,
      validate: () => {
        if (--this.#left < 0) throw new RangeError('too many steps')
        return true
      },
    }
  }
}
