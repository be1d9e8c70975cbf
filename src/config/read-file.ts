/** Reads the files a configuration is made of, bounded. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { dirname } from 'node:path'

/** The largest configuration, key or secret file. */
export const MAX_FILE_BYTES = 1024 * 1024

/** The folder of a path is not there, so perhaps it is no path at all. */
export class NoSuchFolder extends Error {}

/**
 * Reads a UTF-8 file of at most 1 MiB, or `maxBytes`; a pipe or device is read until it ends or the bound is reached.
 * Throws an Error that says what is wrong, and never what the file holds.
 */
export function readFile(path: string, maxBytes = MAX_FILE_BYTES): string {
  const bytes = readBounded(path, maxBytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Error('is not UTF-8 text')
  }
}

function readBounded(path: string, maxBytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(maxBytes + 1)
  let length = 0
  try {
    const file = openSync(path, 'r')
    try {
      for (let read = -1; read !== 0 && length < buffer.length; length += read) {
        read = readSync(file, buffer, length, buffer.length - length, null)
      }
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (!existsSync(dirname(path))) throw new NoSuchFolder('no such folder')
    throw new Error(complaint(error))
  }
  if (length > maxBytes) throw new Error(`is larger than ${maxBytes / 2 ** 20} MiB`)
  return buffer.subarray(0, length)
}

const COMPLAINTS: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'no such file'],
  ['ENOTDIR', 'no such file'],
  ['EACCES', 'permission denied: make it readable for the user that runs wsluice'],
  ['EPERM', 'permission denied: make it readable for the user that runs wsluice'],
  ['EISDIR', 'is a folder, not a file'],
])

function complaint(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return COMPLAINTS.get(code) ?? `cannot be read (${typeof code === 'string' ? code : 'unknown error'})`
}
