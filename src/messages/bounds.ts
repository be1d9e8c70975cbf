/**
 * Bounds on JSON, judged on its bytes before anything is made of them: one pass, no recursion, no allocation. Of what is no
 * JSON nothing is promised but that it ends: the parser refuses that afterwards.
 */

/** The bytes that JSON is made of (RFC 8259). */
const QUOTE = 0x22
const BACKSLASH = 0x5c
const LOWER_U = 0x75
const MINUS = 0x2d

/** The most digits of a number without an exponent that is surely finite. */
const FINITE_DIGITS = 300

export interface Bounds {
  /** Objects and arrays within each other. */
  readonly depth: number
  /** Keys of all objects together. */
  readonly keys: number
  /** Characters (code points) of a string or a key. */
  readonly stringLength: number
}

/** What is wrong; or how many keys all objects have together. */
export type Scanned = { readonly keys: number } | string

/**
 * Judges a text in UTF-8. Beside the bounds it refuses what JSON readers understand differently (RFC 7493): strings with
 * half a surrogate pair, and numbers beyond what a double holds.
 */
export function scan(bytes: Uint8Array, bounds: Bounds): Scanned {
  let depth = 0
  let keys = 0
  let at = 0
  while (at < bytes.length) {
    // The loop's bound.
    const byte = bytes[at] as number
    if (byte === QUOTE) {
      const end = stringEnd(bytes, at + 1)
      if (end < 0) return 'a string with half a surrogate pair'
      // No string has more characters than bytes.
      if (end - at - 1 > bounds.stringLength && lengthOf(bytes, at + 1, end) > bounds.stringLength) {
        return `a string of more than ${bounds.stringLength} characters`
      }
      at = end + 1
      continue
    }
    if (byte === MINUS || isDigit(byte)) {
      const end = numberEnd(bytes, at)
      if (end < 0) return 'a number that no double holds'
      at = end
      continue
    }
    // { and [, } and ] differ in one bit.
    const bracket = byte & 0xdf
    if (bracket === 0x5b && ++depth > bounds.depth) return `more than ${bounds.depth} objects and lists in each other`
    if (bracket === 0x5d) depth--
    // Outside of strings a colon follows a key, and nothing else.
    if (byte === 0x3a && ++keys > bounds.keys) return `more than ${bounds.keys} keys`
    at++
  }
  return { keys }
}

const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39

/** Where the string that begins at `from` has its closing quote; the end of the text where it has none; -1 for half a surrogate pair. */
function stringEnd(bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length) {
    const byte = bytes[at]
    if (byte === QUOTE) return at
    if (byte !== BACKSLASH) {
      at++
      continue
    }
    const next = bytes[at + 1] === LOWER_U ? afterUnicode(bytes, at) : at + 2
    if (next < 0) return -1
    at = next
  }
  return bytes.length
}

/** The end of the escape `\uXXXX` at `at`, of both where two make a surrogate pair; -1 for half of one. */
function afterUnicode(bytes: Uint8Array, at: number): number {
  const unit = hex(bytes, at + 2)
  if (unit < 0xd800 || unit > 0xdfff) return at + 6
  if (unit >= 0xdc00 || bytes[at + 6] !== BACKSLASH || bytes[at + 7] !== LOWER_U) return -1
  const low = hex(bytes, at + 8)
  return low >= 0xdc00 && low <= 0xdfff ? at + 12 : -1
}

/** The value of four hexadecimal digits; -1 where they are none. */
function hex(bytes: Uint8Array, at: number): number {
  let value = 0
  for (let index = at; index < at + 4; index++) {
    const digit = hexDigit(bytes[index] ?? 0)
    if (digit < 0) return -1
    value = value * 16 + digit
  }
  return value
}

function hexDigit(byte: number): number {
  if (isDigit(byte)) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

/** Characters of the string `bytes[from..to)`: an escape is one, and so are two that make a surrogate pair. */
function lengthOf(bytes: Uint8Array, from: number, to: number): number {
  let length = 0
  for (let at = from; at < to; length++) {
    const byte = bytes[at] ?? 0
    if (byte === BACKSLASH) at = bytes[at + 1] === LOWER_U ? afterUnicode(bytes, at) : at + 2
    else at += characterLength(byte)
  }
  return length
}

function characterLength(lead: number): number {
  if (lead < 0xc0) return 1
  if (lead < 0xe0) return 2
  return lead < 0xf0 ? 3 : 4
}

/** Where the number at `from` ends; -1 where it is infinite. */
function numberEnd(bytes: Uint8Array, from: number): number {
  let at = from + 1
  let hasExponent = false
  for (; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    const isExponent = (byte | 0x20) === 0x65
    hasExponent ||= isExponent
    // Digits, and + - . between them.
    if (!isDigit(byte) && !isExponent && byte !== 0x2b && byte !== MINUS && byte !== 0x2e) break
  }
  if (!hasExponent && at - from <= FINITE_DIGITS) return at
  const number = Number(String.fromCharCode(...bytes.subarray(from, Math.min(at, from + LONGEST_NUMBER))))
  return at - from > LONGEST_NUMBER || Math.abs(number) === Number.POSITIVE_INFINITY ? -1 : at
}

/** No sensible number has more characters. */
const LONGEST_NUMBER = 4096
