/** The little of Mermaid's language that our drawings use: a line that is not in it may be one that is not drawn. */

const ID = '[A-Za-z]\\w*'
const TEXT = '"[^"\\n]+"'
const NODE = `${ID}(?:\\[${TEXT}\\]|\\{${TEXT}\\}|\\(\\[${TEXT}\\]\\)|\\(${TEXT}\\))?`
const ARROW = `(?:-->|-\\.->|==>)(?:\\|${TEXT}\\|)?`

const FLOWCHART: readonly RegExp[] = [
  new RegExp(`^${NODE}(?: ${ARROW} ${NODE})*$`),
  new RegExp(`^subgraph ${ID}\\[${TEXT}\\]$`),
  /^(?:end|direction (?:LR|TB))$/,
]

const MESSAGE = /^\w+(?:->>|-->>|-x|--x)\w+: [^;#]+$/
const SEQUENCE: readonly RegExp[] = [
  /^(?:participant|actor) \w+ as [^;#]+$/,
  MESSAGE,
  /^Note (?:over \w+(?:,\w+)?|(?:left|right) of \w+): [^;#]+$/,
  /^(?:alt|else|opt|loop|rect) [^;#]+$/,
  /^(?:end|autonumber)$/,
]

const LANGUAGES: Readonly<Record<string, readonly RegExp[]>> = {
  'flowchart LR': FLOWCHART,
  'flowchart TB': FLOWCHART,
  sequenceDiagram: SEQUENCE,
}

const OPENS = /^(?:subgraph|alt|opt|loop|rect) /

/** What is wrong with a drawing, a line each. */
export function complaintsOf(text: string): string[] {
  const [first = '', ...lines] = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const language = LANGUAGES[first]
  if (!language) return [`unknown drawing: ${first}`]
  const unknown = lines.filter((line) => !language.some((form) => form.test(line)))
  // Mermaid takes the word for the end of a block, wherever it stands.
  unknown.push(...lines.filter((line) => /\bend\b/.test(line) && line !== 'end'))
  const open = lines.filter((line) => OPENS.test(line)).length
  const ends = lines.filter((line) => line === 'end').length
  return open === ends ? unknown : [...unknown, `${open} blocks begin, ${ends} end`]
}
