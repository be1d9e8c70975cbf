import assert from 'node:assert/strict'
import { test } from 'node:test'
import { workersOf } from '../../src/workers/size.ts'

const CASES: [name: string, files: Record<string, string>, expected: number][] = [
  ['no control group', {}, 8],
  ['no quota', { '/sys/fs/cgroup/cpu.max': 'max 100000\n' }, 8],
  ['a container', { '/sys/fs/cgroup/cpu.max': '400000 100000\n' }, 4],
  ['half a processor is none', { '/sys/fs/cgroup/cpu.max': '250000 100000\n' }, 2],
  ['less than one is one', { '/sys/fs/cgroup/cpu.max': '50000 100000\n' }, 1],
  ['more than there are', { '/sys/fs/cgroup/cpu.max': '6400000 100000\n' }, 8],
  [
    'a service of systemd',
    {
      '/proc/self/cgroup': '0::/system.slice/ws.service\n',
      '/sys/fs/cgroup/system.slice/ws.service/cpu.max': '300000 100000',
    },
    3,
  ],
  [
    'the slice above it has less',
    {
      '/proc/self/cgroup': '0::/system.slice/ws.service\n',
      '/sys/fs/cgroup/system.slice/ws.service/cpu.max': '300000 100000',
      '/sys/fs/cgroup/system.slice/cpu.max': '200000 100000',
    },
    2,
  ],
  [
    'version 1',
    { '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '300000\n', '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n' },
    3,
  ],
  [
    'version 1 without a quota',
    { '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n', '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n' },
    8,
  ],
  ['nonsense', { '/sys/fs/cgroup/cpu.max': 'x y', '/proc/self/cgroup': '\0' }, 8],
]

for (const [name, files, expected] of CASES) {
  test(`auto: ${name}`, () => {
    const readFile = (path: string) => {
      const text = files[path]
      if (text === undefined) throw new Error('ENOENT')
      return text
    }
    assert.equal(workersOf('auto', { processors: 8, readFile }), expected)
  })
}

test('a number is that number, whatever the machine has', () => {
  const readFile = () => {
    throw new Error('not asked')
  }
  assert.equal(workersOf(3, { processors: 1, readFile }), 3)
})
