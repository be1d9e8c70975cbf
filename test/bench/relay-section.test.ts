import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printed } from '../../bench/printed.ts'
import { relaySection } from '../../bench/relay-section.ts'
import { RESULTS, sample } from './results.ts'

test('the section shows machine, goals, figures, commands and configuration', () => {
  const text = relaySection(RESULTS)
  assert.match(text, /Taken 2026-11-21 with `npm run bench -- relay`: 2 cores, a processor\./)
  assert.match(text, /\| handshake \| nginx & co \| ≤ 2 \| 1\.75 \(1\.50–2\.00\) \| yes \|/)
  assert.match(text, /\| handshake \| http-proxy-3 \| ≤ 0\.3 \| not measured \| {2}\|/)
  assert.match(text, /\| wsluice & co \| 97\.5 \(75\.0–120\) \|/)
  assert.match(text, /!\[handshake, µs CPU per handshake\]\(img\/bench-handshake\.svg\)/)
  assert.match(text, /```yaml\nlisten: 127\.0\.0\.1:8080\n```/)
  assert.match(text, /wsload --mode handshake/)
})

test('who was not measured, and what failed, stands in both', () => {
  const failed = { ...RESULTS, samples: [sample('idle', 'nginx', 0, { ok: false, error: 'conn 3: payload differs' })] }
  for (const text of [relaySection(failed), printed(failed)]) {
    assert.match(text, /caddy is not installed/)
    assert.match(text, /nginx, idle: conn 3: payload differs/)
  }
})

test('figures of a short run are compared with no goal', () => {
  assert.match(printed(RESULTS), /handshake \/ nginx & co +goal 2 +1\.75 \(1\.50–2\.00\) yes/)
  assert.doesNotMatch(printed({ ...RESULTS, short: true }), /goal/)
})
