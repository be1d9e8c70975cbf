/** What the tests of the documents read in a Markdown file: its blocks, headings, links and code words. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** A fenced block. */
export interface Block {
  /** Its file and line, for messages: `docs/tokens.md:12`. */
  readonly place: string
  /** The first word after the fence; empty where there is none. */
  readonly language: string
  /** The words after it. */
  readonly words: readonly string[]
  readonly text: string
}

export interface Document {
  /** Its path from the root of the repository. */
  readonly name: string
  readonly text: string
  /** The text without its blocks. */
  readonly prose: string
  readonly blocks: readonly Block[]
}

const FENCE = /^```([^\n]*)\n(.*?)^```[ \t]*$/gms

/** Every document of the repository. */
export const DOCUMENTS: readonly Document[] = globSync(['*.md', 'docs/**/*.md', 'config/**/*.md'], { cwd: ROOT })
  .sort((a, b) => a.localeCompare(b))
  .map(read)

export function documentNamed(name: string): Document {
  const found = DOCUMENTS.find((one) => one.name === name)
  if (!found) throw new Error(`there is no ${name}`)
  return found
}

function read(name: string): Document {
  const text = readFileSync(join(ROOT, name), 'utf8')
  const blocks = [...text.matchAll(FENCE)].map((match) => {
    const [language = '', ...words] = (match[1] ?? '').trim().split(/\s+/)
    const line = text.slice(0, match.index).split('\n').length
    return { place: `${name}:${line}`, language, words, text: match[2] ?? '' }
  })
  return { name, text, prose: text.replace(FENCE, ''), blocks }
}

/** The name of the file that a block shows: its first line is a comment with nothing but it, or it stands after the fence. */
export function fileOf({ text, words }: Block): string | undefined {
  const said = /^(?:#|\/\/) ([\w./-]+\.\w+)\n/.exec(text)?.[1]
  return said ?? words.find((word) => /^[\w./-]+\.\w+$/.test(word))
}

/** The words in backticks outside of blocks, links' texts included. */
export const codeWords = ({ prose }: Document): string[] =>
  [...prose.matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].map(([, word = '']) => word)

/** Relative links: their file, empty for this one, and anchor. */
export function linksOf({ prose }: Document): { target: string; anchor: string }[] {
  const links = prose.replace(/`[^`\n]*`/g, '').matchAll(/\]\(((?!\w+:)[^)\s]*)\)/g)
  return [...links].map(([, link = '']) => {
    const [target = '', anchor = ''] = link.split('#')
    return { target, anchor }
  })
}

/** The anchors that GitHub makes of headings, and those that are written. */
export function anchorsOf({ prose }: Document): ReadonlySet<string> {
  const anchors = new Set([...prose.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id))
  for (const [, heading = ''] of prose.matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = slugOf(heading)
    let name = slug
    for (let count = 1; anchors.has(name); count++) name = `${slug}-${count}`
    anchors.add(name)
  }
  return anchors
}

const slugOf = (heading: string) =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')
