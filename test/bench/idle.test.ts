import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileLimit, proxiedBy } from '../../bench/files.ts'
import { processesFor } from '../../bench/idle.ts'
import { isAsked } from '../../bench/options.ts'

const PROXIED = [
  ['half of the limit, with room for other files', 20_000, 9900],
  ['a small limit', 1024, 412],
  ['a limit that leaves no room', 64, 1],
] as const

for (const [name, limit, expected] of PROXIED) test(name, () => assert.equal(proxiedBy(limit), expected))

const PROCESSES = [
  ['as many as one holds', 9900, 1],
  ['one more than that', 9901, 2],
  ['fifteen thousand', 15_000, 2],
  ['no connection', 0, 0],
] as const

for (const [name, conns, expected] of PROCESSES) {
  test(name, () => assert.equal(processesFor(conns, 9900), expected))
}

const LIMITS = [
  ['soft and hard', 'Max open files            1024                 524288               files\n', 524_288],
  ['no limit', 'Max open files            1024                 unlimited            files\n', 1_048_576],
  ['a system that does not say', '', 1024],
] as const

for (const [name, text, expected] of LIMITS) test(name, () => assert.equal(fileLimit(text), expected))

const ALL = ['nginx', 'wsluice', 'caddy']
const ASKED = [
  ['nothing asked for is everything', [], 'caddy', true],
  ['one that is named', ['caddy'], 'caddy', true],
  ['one that is not', ['caddy'], 'nginx', false],
  ['wsluice is compared with all', ['caddy'], 'wsluice', true],
  ['a name of something else leaves all of these', ['handshake'], 'nginx', true],
] as const

for (const [name, only, id, expected] of ASKED) test(name, () => assert.equal(isAsked(only, id, ALL), expected))
