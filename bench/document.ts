/** Documents with sections that are written from results, each between two comments. */

const begin = (name: string) => `<!-- bench:${name}: written by \`npm run bench -- report\` -->`
const end = (name: string) => `<!-- /bench:${name} -->`

/** The document with a section replaced. Throws where its two comments are missing. */
export function replaceSection(document: string, name: string, section: string): string {
  const [from, to] = [document.indexOf(begin(name)), document.indexOf(end(name))]
  if (from < 0 || to < from) throw new Error(`the document lacks the lines ${begin(name)} and ${end(name)}`)
  return `${document.slice(0, from + begin(name).length)}\n\n${section}\n\n${document.slice(to)}`
}

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

export const markdownTable = (head: readonly string[], body: readonly (readonly string[])[]) =>
  [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n')
