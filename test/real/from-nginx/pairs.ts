/** The pairs of docs/from-nginx.md: two configurations that say the same, and what a client sees with either. */
import { readFileSync } from 'node:fs'

interface Row {
  /** What the client does. */
  readonly client: string
  /** What it sees, backticks removed. */
  readonly nginx: string
  readonly wsluice: string
}

export interface Pair {
  readonly title: string
  readonly nginx: string
  readonly yaml: string
  readonly rows: readonly Row[]
}

const text = readFileSync(new URL('../../../docs/from-nginx.md', import.meta.url), 'utf8')

/** Every section with a configuration of nginx. Throws where one has not all parts, or a part twice. */
export const PAIRS: readonly Pair[] = text
  .split(/^## /m)
  .slice(1)
  .filter((section) => /^```/m.test(section))
  .map((section) => {
    const title = section.slice(0, section.indexOf('\n'))
    return {
      title,
      nginx: only(section, 'nginx', title),
      yaml: only(section, 'yaml', title),
      rows: rowsOf(section, title),
    }
  })

function only(section: string, language: string, title: string): string {
  const [found, ...more] = [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter((match) => match[1] === language)
  if (!found || more.length > 0) throw new Error(`"${title}": expected one block of ${language}`)
  return found[2] ?? ''
}

function rowsOf(section: string, title: string): Row[] {
  const [head, , ...rows] = (section.match(/^\|.*\|$/gm) ?? []).map((line) =>
    line.split('|').map((cell) => cell.trim()),
  )
  if (!head?.[1]?.startsWith('a client') || head[2] !== 'nginx' || head[3] !== 'wsluice' || rows.length === 0) {
    throw new Error(`"${title}": expected a table of a client, nginx and wsluice`)
  }
  return rows.map(([, client = '', nginx = '', wsluice = '']) => ({
    client,
    nginx: plain(nginx),
    wsluice: plain(wsluice),
  }))
}

function plain(cell: string): string {
  return cell.replaceAll('`', '')
}

/** What `include websocket.conf;` stands for, and the `map` it needs. */
const [TUNNEL] = PAIRS
export const INCLUDED = TUNNEL?.nginx.match(/^ *proxy_(?:http_version|set_header).*$/gm)?.join('\n') ?? ''
export const MAP = TUNNEL?.nginx.match(/^map .*$/m)?.[0] ?? ''
