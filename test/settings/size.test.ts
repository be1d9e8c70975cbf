import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSize, size } from '../../src/settings/size.ts'
import { read } from '../support/read-setting.ts'

const CASES: [value: unknown, bytes: number][] = [
  ['64KiB', 65_536],
  ['1MiB', 1_048_576],
  ['1GiB', 1_073_741_824],
  ['1kB', 1000],
  ['1mb', 1_000_000],
  ['512', 512],
  ['512b', 512],
  ['64 KiB', 65_536],
  [512, 512],
  [0, 0],
]

for (const [value, bytes] of CASES) test(`size ${value}`, () => assert.equal(read(size(), value), bytes))

for (const value of ['', 'KiB', '1.5MiB', '-1', '1e3', '1XiB', '1TiB', '8x8', '1\nKiB', 1.5, -1, true, null, {}]) {
  test(`no size: ${JSON.stringify(value)}`, () => {
    assert.equal(read(size(), value), 'Error: expected a size such as 64KiB, 1MiB or 512')
  })
}

test('a size beyond exact numbers is none', () => assert.equal(parseSize('999999999999GiB'), undefined))
