/** Puts the content of files in the place of their paths: secrets given as `secretFile`, and settings that are files. */
import { resolve } from 'node:path'
import { fileText, isUrl } from '../settings/file.ts'
import type { Complaint } from './complaint.ts'
import { NoSuchFolder } from './read-file.ts'
import { isRecord } from './record.ts'
import { eachSection, type Field, fileName, type Path, type Section } from './shape.ts'

/** Reads a text file, of at most `maxBytes` where that is not the usual bound; throws an Error that says what is wrong without quoting it. */
export type ReadFile = (path: string, maxBytes?: number) => string

/** Makes the paths that a configuration file names absolute, in place. */
export function resolvePaths(root: Section, values: Record<string, unknown>, folder: string): void {
  eachSection(root, values, (section, written) => {
    for (const field of section.fields.values()) {
      const name = field.secret ? fileName(field.name) : field.name
      if ((field.secret || field.file) && Object.hasOwn(written, name))
        written[name] = absoluteAll(written[name], folder)
    }
  })
}

function absoluteAll(value: unknown, folder: string): unknown {
  if (Array.isArray(value)) return value.map((entry) => absoluteAll(entry, folder))
  if (isRecord(value)) return mapped(value, (entry) => absoluteAll(entry, folder))
  return typeof value === 'string' ? absolutePath(value, folder) : value
}

/** What stands in the place of a path that was no path but what a file holds, such as a key. No path holds a NUL. */
const CONTENT = '\0'
const LONGEST_PATH = 256

const mapped = (record: Record<string, unknown>, change: (value: unknown) => unknown) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))

/** A path of a user's, absolute. A URL stays as it is, and what is a file's content is taken out: it may be a secret. */
export function absolutePath(value: string, folder: string): string {
  if (value.trim() === '' || isUrl(value)) return value
  const isContent = /[\0\r\n]|-----BEGIN|^\s*\{/.test(value) || value.length > LONGEST_PATH
  return isContent ? CONTENT : resolve(folder, value)
}

/** Secrets that stand in one file both as themselves and as the path of a file. */
export function givenTwice(root: Section, values: unknown): Complaint[] {
  const found: Complaint[] = []
  eachSection(root, values, (section, written, path) => {
    for (const { name, secret } of section.fields.values()) {
      const file = fileName(name)
      if (!secret || !Object.hasOwn(written, name) || !Object.hasOwn(written, file)) continue
      found.push({ path: [...path, file], message: `give ${name} or ${file}, not both` })
    }
  })
  return found
}

export interface Loaded {
  /** The configuration with contents in the place of paths. */
  readonly values: unknown
  /** Absolute paths of all files named, also of those that could not be read. */
  readonly files: readonly string[]
  readonly complaints: readonly Complaint[]
}

/** Reads every file that a configuration names. What cannot be read is left out, so that nothing complains of it again. */
export function loadFiles(root: Section, written: Record<string, unknown>, readFile: ReadFile): Loaded {
  const values = structuredClone(written)
  const files: string[] = []
  const complaints: Complaint[] = []
  eachSection(root, values, (section, held, path) => {
    for (const field of section.fields.values()) {
      const complain = (at: Path, message: string) => complaints.push({ path: [...path, ...at], message })
      const read = (file: string) => {
        files.push(file)
        return readFile(file, field.maxBytes)
      }
      if (field.secret) loadSecret(field, held, read, complain)
      if (field.file) loadFile(field, held, read, complain)
    }
  })
  return { values, files: [...new Set(files)], complaints }
}

/** @param at within the section */
type Complain = (at: Path, message: string) => void

function loadSecret({ name, shape }: Field, held: Record<string, unknown>, read: ReadFile, complain: Complain): void {
  const file = fileName(name)
  if (!Object.hasOwn(held, file)) return
  const paths = held[file]
  delete held[file]
  const isList = shape.kind === 'value' && shape.isList
  const list: unknown[] = isList && Array.isArray(paths) ? paths : [paths]
  const secrets = list.map((path) =>
    attempt(
      path,
      (text) => secretOf(read(text)),
      (message) => complain([file], message),
      // A secret that was put where its path belongs is a path in no folder.
      (error) => error instanceof NoSuchFolder,
    ),
  )
  if (secrets.every((secret) => secret !== undefined)) held[name] = isList ? secrets : secrets[0]
}

/** Editors and `echo` end a file with one newline that is not part of the secret. */
export function secretOf(content: string): string {
  const secret = content.replace(/\r?\n$/, '')
  if (secret.trim() === '') throw new Error('is empty: expected a secret')
  return secret
}

/** A file; or several, by names, of which each is complained of by itself. */
function loadFile({ name, shape }: Field, held: Record<string, unknown>, read: ReadFile, complain: Complain): void {
  const path = held[name]
  if (shape.kind === 'value' && shape.isMap && isRecord(path)) {
    const paths = { ...path }
    for (const key of Object.keys(paths)) loadOne(key, paths, read, (at, message) => complain([name, ...at], message))
    held[name] = paths
  } else loadOne(name, held, read, complain)
}

function loadOne(name: string, held: Record<string, unknown>, read: ReadFile, complain: Complain): void {
  const path = held[name]
  if (path === undefined || (typeof path === 'string' && isUrl(path))) return
  const text = attempt(path, read, (message) => complain([name], message))
  if (text === undefined) delete held[name]
  else held[name] = fileText(String(path), text)
}

function attempt(
  path: unknown,
  read: ReadFile,
  complain: (message: string) => void,
  isUnnamed: (error: unknown) => boolean = () => false,
): string | undefined {
  if (typeof path !== 'string' || path.trim() === '' || path === CONTENT) {
    complain(path === CONTENT ? 'expected the path of a file, got its content' : 'expected the path of a file')
    return undefined
  }
  try {
    return read(path)
  } catch (error) {
    const message = error instanceof Error ? error.message : 'cannot be read'
    complain(isUnnamed(error) ? `expected the path of a file: ${message}` : `${path}: ${message}`)
    return undefined
  }
}
