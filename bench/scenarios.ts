/** What is run against every peer, and what is read off a run. */
import type { LoadResult } from './generator.ts'

/** A figure of a run: the smaller, the better. */
export interface Measure {
  readonly id: string
  readonly title: string
  readonly unit: string
  readonly field: 'cpu_us_per_fwd' | 'cpu_us_per_hs' | 'rss_per_conn_kb' | 'p50_us' | 'p99_us'
  /** What a run without any proxy shows in the same round is taken off. */
  readonly added?: boolean
}

export interface Scenario {
  readonly id: string
  /** Of `wsload`, as they are in a full run. */
  readonly load: readonly string[]
  readonly conns: number
  readonly measures: readonly Measure[]
  /** Those to run it against; absent: all. */
  readonly peers?: readonly string[]
  /** A process of its own for every run: what an earlier load left in memory would hide what a connection takes. */
  readonly fresh?: boolean
  /** How long it is measured; a second unless given. */
  readonly secs?: number
  /** Also run without a proxy. */
  readonly direct?: boolean
}

const OURS = ['wsluice', 'wsluice-portable']
const PIPELINE = ['--mode', 'pipeline', '--window', '16']
const PINGPONG = ['--mode', 'pingpong']

const perMessage = (id: string, title: string): readonly Measure[] => [
  { id, title, unit: 'µs CPU per message', field: 'cpu_us_per_fwd' },
]

/** The same with binary and with text frames. Who looks at no frame is run with text only where a goal asks for it. */
function messages(
  id: string,
  title: string,
  load: readonly string[],
  conns: number,
  text: readonly string[],
): Scenario[] {
  return [
    { id, load, conns, measures: perMessage(id, `${title}, binary`) },
    {
      id: `${id}-text`,
      load: [...load, '--text'],
      conns,
      measures: perMessage(`${id}-text`, `${title}, text`),
      peers: [...text, ...OURS],
    },
  ]
}

const BLIND = ['nginx', 'nginx-64k']

export const SCENARIOS: readonly Scenario[] = [
  ...messages('pingpong-32', 'ping-pong 32 B, 100 connections', [...PINGPONG, '--size', '32'], 100, [
    ...['nginx', 'nginx-lua', 'haproxy', 'http-proxy-3', 'ws'],
  ]),
  ...messages('pipeline-32', 'pipelined 32 B, 16 deep', [...PIPELINE, '--size', '32'], 100, ['nginx', 'nginx-lua']),
  ...messages('pipeline-1k', 'pipelined 1 KiB, 16 deep', [...PIPELINE, '--size', '1024'], 100, BLIND),
  ...messages('pingpong-64k', 'ping-pong 64 KiB', [...PINGPONG, '--size', '65536'], 20, BLIND),
  ...messages('pipeline-64k', 'pipelined 64 KiB, 16 deep', [...PIPELINE, '--size', '65536'], 20, BLIND),
  {
    id: 'handshake',
    load: ['--mode', 'handshake'],
    conns: 50,
    measures: [{ id: 'handshake', title: 'handshake', unit: 'µs CPU per handshake', field: 'cpu_us_per_hs' }],
  },
  {
    id: 'latency',
    load: ['--mode', 'rate', '--rate', '5000'],
    conns: 100,
    secs: 2,
    direct: true,
    measures: [
      { id: 'latency-p50', title: 'added latency at 5,000/s, median', unit: 'µs', field: 'p50_us', added: true },
      { id: 'latency-p99', title: 'added latency at 5,000/s, p99', unit: 'µs', field: 'p99_us', added: true },
    ],
  },
  {
    id: 'idle',
    load: ['--mode', 'idle', '--touch', '1'],
    conns: 9000,
    fresh: true,
    // Connections are idle for minutes and hours: what a burst of them left behind is collected in the first seconds.
    secs: 25,
    peers: ['nginx', 'haproxy', 'http-proxy-3', ...OURS],
    measures: [{ id: 'idle', title: 'memory of an idle connection', unit: 'KiB', field: 'rss_per_conn_kb' }],
  },
]

/** Every measure, in the order of the tables. */
export const MEASURES: readonly Measure[] = SCENARIOS.flatMap((scenario) => scenario.measures)

/** The id that runs without a proxy are kept under. */
export const DIRECT = 'direct'

/** One run. */
export interface Sample {
  readonly scenario: string
  readonly peer: string
  readonly round: number
  readonly result: LoadResult
}

/** What a peer showed for a measure, a place for each round; undefined where it did not run or failed. */
export function seriesOf(samples: readonly Sample[], measure: Measure, peer: string): (number | undefined)[] {
  const scenario = SCENARIOS.find(({ measures }) => measures.includes(measure))?.id
  const rounds = Math.max(0, ...samples.map(({ round }) => round + 1))
  const value = (who: string, round: number) => {
    const sample = samples.find((one) => one.scenario === scenario && one.peer === who && one.round === round)
    return sample?.result.ok ? sample.result[measure.field] : undefined
  }
  return Array.from({ length: rounds }, (_, round) => {
    const [through, without] = [value(peer, round), measure.added ? value(DIRECT, round) : 0]
    return through === undefined || without === undefined ? undefined : through - without
  })
}
