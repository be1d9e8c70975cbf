import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatListen, type Listen, listen, listenOrOff, parseListen } from '../../src/settings/listen.ts'
import { read } from '../support/read-setting.ts'

const CASES: [text: string, expected: Listen, formatted: string][] = [
  [':8080', { port: 8080 }, ':8080'],
  [':0', { port: 0 }, ':0'],
  ['127.0.0.1:9465', { host: '127.0.0.1', port: 9465 }, '127.0.0.1:9465'],
  ['localhost:80', { host: 'localhost', port: 80 }, 'localhost:80'],
  ['[::1]:80', { host: '::1', port: 80 }, '[::1]:80'],
  ['[::]:65535', { host: '::', port: 65535 }, '[::]:65535'],
  ['unix:/run/wsluice.sock', { path: '/run/wsluice.sock' }, 'unix:/run/wsluice.sock'],
]

for (const [text, expected, formatted] of CASES) {
  test(`listen ${text}`, () => {
    assert.deepEqual(parseListen(text), expected)
    assert.equal(formatListen(expected), formatted)
  })
}

test('a bare port is a port', () => {
  assert.deepEqual(read(listen(), 8080), { port: 8080 })
  assert.deepEqual(read(listen(), '8080'), { port: 8080 })
})

test('off is off, where it may be', () => {
  assert.equal(read(listenOrOff(), 'off'), 'off')
  assert.equal(read(listenOrOff(), false), 'off')
  assert.match(String(read(listen(), 'off')), /^Error: expected :port/)
})

const REFUSED = [
  '',
  ':',
  ':65536',
  ':-1',
  ':8x',
  '::1:80',
  '[::1]',
  'host',
  'http://h:80',
  'h:80/',
  'a b:80',
  'unix:run',
  8080.5,
  true,
  null,
  undefined,
]

for (const value of REFUSED) {
  test(`no listen address: ${JSON.stringify(value) ?? 'undefined'}`, () => {
    const expected = 'Error: expected :port, host:port, "[v6]:port" or unix:/path'
    assert.equal(read(listen(), value), expected)
    assert.ok(String(read(listenOrOff(), value)).startsWith(expected))
  })
}
