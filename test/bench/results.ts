/** Results of the relay's benchmark as tests need them. */
import type { LoadResult } from '../../bench/generator.ts'
import type { PeerFacts, RelayResults } from '../../bench/relay-results.ts'

export const sample = (scenario: string, peer: string, round: number, result: Partial<LoadResult>) => ({
  scenario,
  peer,
  round,
  result: { ok: true, ...result },
})

const peer = (id: string): PeerFacts => ({ id, label: `${id} & co`, about: 'a proxy', version: '1.2.3' })

/** Two rounds of nginx and wsluice. */
export const RESULTS: RelayResults = {
  date: '2026-11-21',
  command: 'npm run bench -- relay',
  short: false,
  machine: ['2 cores', 'a processor'],
  rounds: 2,
  peers: [peer('nginx'), peer('wsluice')],
  skipped: [{ label: 'caddy', why: 'caddy is not installed' }],
  commands: { handshake: 'wsload --mode handshake' },
  configuration: 'listen: 127.0.0.1:8080\n',
  samples: [
    sample('handshake', 'nginx', 0, { cpu_us_per_hs: 50 }),
    sample('handshake', 'wsluice', 0, { cpu_us_per_hs: 75 }),
    sample('handshake', 'nginx', 1, { cpu_us_per_hs: 60 }),
    sample('handshake', 'wsluice', 1, { cpu_us_per_hs: 120 }),
  ],
}
