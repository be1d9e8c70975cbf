import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type IdleResults, needs, perConnectionKiB, scaleSection } from '../../bench/scale.ts'

const RESULTS: IdleResults = {
  date: '2026-11-21',
  command: 'npm run bench -- idle',
  machine: ['2 cores'],
  open: 1000,
  processes: 2,
  fileLimit: 20_000,
  emptyKiB: 200 * 1024,
  fullKiB: 200 * 1024 + 10_000,
  socketKiB: 4,
}

test('a connection takes what the processes grew by', () => assert.equal(perConnectionKiB(RESULTS), 10))

const NEEDS = [
  ['one connection', 1, { processes: 1, filesPerProcess: 202, backends: 1 }],
  ['as many as a process takes', 50_000, { processes: 1, filesPerProcess: 100_200, backends: 1 }],
  ['one more: a second process', 50_001, { processes: 2, filesPerProcess: 50_201, backends: 1 }],
  ['more than one backend has ports for', 64_513, { processes: 2, filesPerProcess: 64_713, backends: 2 }],
  ['a million', 1_000_000, { processes: 20, filesPerProcess: 100_200, backends: 16 }],
] as const

for (const [name, conns, expected] of NEEDS) {
  test(name, () => {
    const { processes, filesPerProcess, backends } = needs(RESULTS, conns)
    assert.deepEqual({ processes, filesPerProcess, backends }, expected)
  })
}

test('memory: empty processes and their connections; two sockets of each in the kernel', () => {
  const { proxyGiB, kernelGiB } = needs(RESULTS, 100_000)
  assert.equal(proxyGiB, (2 * 100 * 1024 + 100_000 * 10) / 2 ** 20)
  assert.equal(kernelGiB, (200_000 * 4) / 2 ** 20)
})

test('the section shows what was measured and what follows', () => {
  const text = scaleSection(RESULTS)
  assert.match(text, /\| of that, a connection \| 10\.0 KiB \|/)
  assert.match(text, /\| connections \| 100,000 \| 1,000,000 \|/)
  assert.match(text, /\| open files of each \| 100,200 \| 100,200 \|/)
})
