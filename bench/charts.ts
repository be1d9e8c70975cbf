/** Bar charts as SVG, readable on a light and on a dark page. */
import { digits } from './statistics.ts'
import type { Cell, Row } from './table.ts'

const WIDTH = 720
const LEFT = 190
const RIGHT = 150
const TOP = 44
const STEP = 26
const BAR = 16

const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #24292f }
    .title { font-weight: 600; font-size: 15px }
    .quiet { fill: #57606a }
    .peer { fill: #8c959f }
    .ours { fill: #0969da }
    .spread { stroke: #24292f; stroke-width: 1.5 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .quiet { fill: #9198a1 }
      .peer { fill: #6e7681 }
      .ours { fill: #4493f8 }
      .spread { stroke: #e6edf3 }
    }`

/** The file a measure's chart is in. */
export const chartName = (measure: string) => `bench-${measure}.svg`

/** A bar for the median of each peer, a line from its least to its most. */
export function chart({ measure, cells }: Row): string {
  const largest = Math.max(...cells.map(({ spread }) => spread.most), Number.MIN_VALUE)
  const scale = (WIDTH - LEFT - RIGHT) / largest
  const height = TOP + cells.length * STEP + 8
  const title = escaped(`${measure.title}: ${measure.unit}, less is better`)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
  <title>${title}</title>
  <style>${STYLE}
  </style>
  <text class="title" x="12" y="26">${title}</text>
${cells.map((cell, index) => bar(cell, TOP + index * STEP, scale)).join('\n')}
</svg>
`
}

function bar({ peer, spread }: Cell, y: number, scale: number): string {
  const x = (value: number) => (LEFT + Math.max(0, value) * scale).toFixed(1)
  const [middle, text] = [y + BAR / 2, y + BAR - 3]
  const width = (Math.max(0, spread.median) * scale).toFixed(1)
  const after = (Number(x(spread.most)) + 8).toFixed(1)
  const kind = peer.id.startsWith('wsluice') ? 'ours' : 'peer'
  return `  <text x="${LEFT - 10}" y="${text}" text-anchor="end">${escaped(peer.label)}</text>
  <rect class="${kind}" x="${LEFT}" y="${y}" width="${width}" height="${BAR}" rx="2"/>
  <line class="spread" x1="${x(spread.least)}" x2="${x(spread.most)}" y1="${middle}" y2="${middle}"/>
  <text x="${after}" y="${text}">${digits(spread.median)} <tspan class="quiet">${digits(spread.least)}–${digits(spread.most)}</tspan></text>`
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escaped = (text: string) => text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character)
