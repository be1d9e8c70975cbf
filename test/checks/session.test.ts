import assert from 'node:assert/strict'
import { test } from 'node:test'
import { session, sessionBounds } from '../../src/checks/session.ts'
import type { Mode } from '../../src/policy/check.ts'
import { problemsOf } from '../support/load.ts'

type Written = Parameters<typeof session.settings.parse>[0]

const BOUNDS: [name: string, written: Written, mode: Mode, expected: object][] = [
  ['nothing', {}, 'enforce', { mode: 'enforce' }],
  ['idle', { idle: '5m' }, 'enforce', { mode: 'enforce', idle: 300_000 }],
  [
    'maxAge, spread over a tenth',
    { maxAge: '12h' },
    'enforce',
    { mode: 'enforce', maxAge: 43_200_000, maxAgeJitter: 4_320_000 },
  ],
  [
    'maxAge to the point',
    { maxAge: '1h', maxAgeJitter: '0s' },
    'enforce',
    { mode: 'enforce', maxAge: 3_600_000, maxAgeJitter: 0 },
  ],
  ['pings', { ping: '25s', pong: '40s' }, 'enforce', { mode: 'enforce', ping: 25_000, pong: 40_000 }],
  [
    'a slow side',
    { slowConsumer: { buffer: '1MiB', timeout: '30s' } },
    'enforce',
    { mode: 'enforce', slowConsumer: { buffer: 1_048_576, timeout: 30_000 } },
  ],
  ['its own dry run', { idle: '5m', mode: 'dry-run' }, 'enforce', { mode: 'dry-run', idle: 300_000 }],
  ['a dry run above it', { idle: '5m', mode: 'enforce' }, 'dry-run', { mode: 'dry-run', idle: 300_000 }],
]

for (const [name, written, mode, expected] of BOUNDS) {
  test(name, () => assert.deepEqual(sessionBounds(session.settings.parse(written), mode), expected))
}

const PROBLEMS: [name: string, yaml: string, problem: string][] = [
  ['pong below ping', 'ping: 25s, pong: 20s', 'pong: must exceed ping, or the answer cannot come in time'],
  ['pong of ping', 'ping: 25s, pong: 25s', 'pong: must exceed ping, or the answer cannot come in time'],
  ['pong alone', 'pong: 40s', 'pong: needs ping: a client that only listens sends nothing unless it is pinged'],
  ['jitter alone', 'maxAgeJitter: 1m', 'maxAgeJitter: needs maxAge, which it is a part of'],
  ['more jitter than age', 'maxAge: 1m, maxAgeJitter: 2m', 'maxAgeJitter: is more than maxAge, which it is a part of'],
  ['no time', 'idle: 0s', 'idle: expected a duration such as 500ms, 10s, 5m or 1h, at least 100ms, got "0s"'],
  ['a number', 'ping: 25', 'ping: expected a duration such as 500ms, 10s, 5m or 1h, got "25"'],
  ['a mistyped key', 'idel: 5m', 'idel: unknown key, did you mean "idle"?'],
  [
    'a mistyped key below',
    'slowConsumer: { buffers: 1MiB }',
    'slowConsumer.buffers: unknown key, did you mean "buffer"?',
  ],
]

for (const [name, yaml, problem] of PROBLEMS) {
  test(`problem: ${name}`, () => {
    const lines = problemsOf({ yaml: `upstream: http://a\nroutes:\n  - path: /*\n    session: { ${yaml} }\n` })
    assert.deepEqual(
      lines.map((line) => line.replace(/^wsluice\.yaml:\d+:\d+ routes\[0\]\.session\./, '')),
      [problem],
    )
  })
}
