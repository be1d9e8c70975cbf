import { z } from 'zod'
import { parsed } from './parsed.ts'

/** A file the configuration names, read while loading and watched. */
export interface FileText {
  /** Absolute. */
  readonly path: string
  readonly text: string
}

/** Files that were read: an object a user wrote in place of a path is none. */
const read = new WeakSet<object>()

/** Marks a content as read from a file. */
export function fileText(path: string, text: string): FileText {
  const file = { path, text }
  read.add(file)
  return file
}

const isFileText = (value: unknown): value is FileText => typeof value === 'object' && value !== null && read.has(value)

/**
 * A file's content. Written as a path (relative to the configuration file); the loader replaces it by a
 * {@link FileText} before this type sees it (the mark `file: true`).
 */
export const file = () =>
  z.custom<FileText>(isFileText, 'expected the path of a file').meta({ file: true, words: 'path of a file' })

/** What a parser makes of a file's content, which may be as large as `maxBytes`; it throws what was expected. */
export const parsedFile = <Out>(maxBytes: number, parse: (text: string) => Out) =>
  parsed(file(), ({ text }) => parse(text)).meta({ file: true, maxBytes, words: 'path of a file' })

/** A file's content, or an http(s) URL, which stays a string. */
export const fileOrUrl = () =>
  z
    .custom<FileText | string>(
      (value) => isFileText(value) || (typeof value === 'string' && isUrl(value) && URL.canParse(value)),
      'expected the path of a file, or an http or https URL',
    )
    .meta({ file: true, words: 'path of a file, or an http or https URL' })

/** Whether a value of such a setting names a URL, not a file. */
export const isUrl = (value: string) => /^https?:\/\//i.test(value)
