import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chart } from '../../bench/charts.ts'
import { rows } from '../../bench/table.ts'
import { RESULTS, sample } from './results.ts'

const drawn = (results = RESULTS) => chart(rows(results)[0] ?? assert.fail('nothing to draw'))

test('a bar is as long as its median, against the largest figure', () => {
  const widths = [...drawn().matchAll(/<rect class="(\w+)" x="190" y="\d+" width="([\d.]+)"/g)]
  // 380 pixels are 120 us.
  assert.deepEqual(
    widths.map(([, kind, width]) => [kind, width]),
    [
      ['peer', ((55 / 120) * 380).toFixed(1)],
      ['ours', ((97.5 / 120) * 380).toFixed(1)],
    ],
  )
})

test('labels are escaped, and the figures stand beside the bars', () => {
  const svg = drawn()
  assert.match(svg, /wsluice &amp; co/)
  assert.doesNotMatch(svg, /&(?!amp;|lt;|gt;|quot;)/)
  assert.match(svg, />97\.5 <tspan class="quiet">75\.0–120</)
})

test('a figure below zero, as added latency may be, draws no bar to the left', () => {
  const svg = drawn({
    ...RESULTS,
    samples: [
      sample('latency', 'direct', 0, { p50_us: 30 }),
      sample('latency', 'nginx', 0, { p50_us: 20 }),
      sample('latency', 'wsluice', 0, { p50_us: 40 }),
    ],
  })
  assert.doesNotMatch(svg, /(?:width|x|x1|x2)="-|NaN/)
})
