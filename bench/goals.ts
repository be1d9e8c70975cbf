/** What wsluice promises to cost, as a ratio to a peer in the same run. */

export interface Goal {
  readonly measure: string
  readonly peer: string
  /** Which of ours, where it is not that which the goals are about. */
  readonly of?: string
  /** The ratio is to be this, or less. */
  readonly most: number
}

const binaryAndText = (measure: string, peers: Readonly<Record<string, number>>): Goal[] =>
  [measure, `${measure}-text`].flatMap((id) => against(id, peers))

const against = (measure: string, peers: Readonly<Record<string, number>>): Goal[] =>
  Object.entries(peers).map(([peer, most]) => ({ measure, peer, most }))

export const GOALS: readonly Goal[] = [
  ...binaryAndText('pingpong-32', { nginx: 1.2, haproxy: 1, 'nginx-lua': 0.6, ws: 0.33, 'http-proxy-3': 0.5 }),
  ...binaryAndText('pipeline-32', { nginx: 1.2, 'nginx-lua': 0.1 }),
  ...binaryAndText('pipeline-1k', { nginx: 0.4, 'nginx-64k': 1 }),
  ...binaryAndText('pingpong-64k', { nginx: 0.4, 'nginx-64k': 1 }),
  ...binaryAndText('pipeline-64k', { nginx: 0.4, 'nginx-64k': 1 }),
  ...against('handshake', { nginx: 2, 'http-proxy-3': 0.3 }),
  ...against('idle', { nginx: 0.25, haproxy: 1 }),
  ...against('latency-p50', { nginx: 1.1 }),
  ...against('latency-p99', { nginx: 1.1 }),
  // Several processes, on the same processor: a message costs no more than through one.
  { measure: 'pingpong-32', of: 'wsluice-workers', peer: 'wsluice', most: 1 },
  { measure: 'pipeline-32', of: 'wsluice-workers', peer: 'wsluice', most: 1 },
]
