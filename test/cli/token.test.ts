import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { commandLine, folder } from '../support/command-line.ts'

const SECRET = 'a-secret-of-at-least-thirty-two-bytes-0123456789'
const MINT = ['token', '--secret-file', 'secret']

const decode = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString())

test('a token is signed with the secret, lives an hour, and is all that is printed', async (t) => {
  const { code, out, err } = await commandLine(MINT, { cwd: folder(t, { secret: `${SECRET}\n` }) })
  assert.deepEqual([code, err], [0, []])
  const [header, payload, signature] = out.trim().split('.')
  assert.equal(out, `${header}.${payload}.${signature}\n`)
  assert.equal(createHmac('sha256', SECRET).update(`${header}.${payload}`).digest('base64url'), signature)
  assert.equal(decode(header).alg, 'HS256')
  const { iat, exp } = decode(payload)
  assert.equal(exp - iat, 3600)
})

const CLAIMS: [args: string[], claims: object][] = [
  [['--claim', 'sub=ann'], { sub: 'ann' }],
  [['--claim', 'n=7', '--claim', 'yes=true', '--claim', 'list=["a","b"]'], { n: 7, yes: true, list: ['a', 'b'] }],
  [['--claim', 'text=a=b'], { text: 'a=b' }],
  [['--claim', 'empty='], { empty: '' }],
  [['--claim', 'quoted="7"'], { quoted: '7' }],
  [['--claim', 'allowed_domains=a.example,b.example'], { allowed_domains: 'a.example,b.example' }],
  [['--claim', 'exp=1'], { exp: 1 }],
  [['--claim', 'sub=1234567890123456789'], { sub: '1234567890123456789' }],
  [['--claim', 'sub=9007199254740991'], { sub: 9007199254740991 }],
  [['--claim', 'list=[1,1234567890123456789]'], { list: '[1,1234567890123456789]' }],
]

for (const [args, claims] of CLAIMS) {
  test(args.join(' '), async (t) => {
    const { out } = await commandLine([...MINT, ...args], { cwd: folder(t, { secret: SECRET }) })
    const payload = decode(out.split('.')[1])
    assert.deepEqual({ ...payload, ...claims }, payload)
  })
}

test('--ttl', async (t) => {
  const { out } = await commandLine([...MINT, '--ttl', '30s'], { cwd: folder(t, { secret: SECRET }) })
  const { iat, exp } = decode(out.split('.')[1])
  assert.equal(exp - iat, 30)
})

const MISTAKES: [args: string[], line: string][] = [
  [['token', '--secret-file', 'nowhere'], '--secret-file: nowhere: no such file'],
  [['token', '--secret-file', 'empty'], '--secret-file: empty: is empty: expected a secret'],
  [[...MINT, '--claim', 'sub'], '--claim: expected name=value, got sub'],
  [[...MINT, '--claim', '=ann'], '--claim: expected name=value, got =ann'],
]

test('the secret is read as the proxy reads it: UTF-8, and bounded', async (t) => {
  const cwd = folder(t, { large: 'x'.repeat(1024 * 1024 + 1) })
  writeFileSync(join(cwd, 'binary'), Buffer.from([0xff, 0xfe, 0x41]))
  const mint = (file: string) => commandLine(['token', '--secret-file', file], { cwd })
  assert.deepEqual((await mint('large')).err, ['--secret-file: large: is larger than 1 MiB'])
  assert.deepEqual((await mint('binary')).err, ['--secret-file: binary: is not UTF-8 text'])
})

for (const [args, line] of MISTAKES) {
  test(`a mistake: ${args.join(' ')}`, async (t) => {
    const ended = await commandLine(args, { cwd: folder(t, { secret: SECRET, empty: '\n' }) })
    assert.deepEqual(ended, { code: 2, out: '', err: [line] })
  })
}
