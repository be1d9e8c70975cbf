import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseUpstream } from '../../src/net/upstream.ts'

const GOOD = [
  ['http://127.0.0.1:8000', { protocol: 'http:', host: '127.0.0.1', port: 8000 }],
  ['http://backend', { protocol: 'http:', host: 'backend', port: 80 }],
  ['https://backend.example.com/', { protocol: 'https:', host: 'backend.example.com', port: 443 }],
  ['http://[::1]:8000', { protocol: 'http:', host: '::1', port: 8000 }],
  ['HTTP://Backend:8000', { protocol: 'http:', host: 'backend', port: 8000 }],
  ['unix:/run/app.sock', { protocol: 'http:', host: 'localhost', port: 80, socketPath: '/run/app.sock' }],
] as const

for (const [text, expected] of GOOD) {
  test(`${text} is an upstream`, () => assert.deepEqual(parseUpstream(text), { label: text, ...expected }))
}

const BAD = [
  ['127.0.0.1:8000', /expected http:\/\/host:port/],
  ['backend', /expected http:\/\/host:port/],
  ['ws://backend', /write http: in place of ws:/],
  ['wss://backend', /write https: in place of wss:/],
  ['ftp://backend', /expected http:\/\/host:port/],
  ['http://backend/path', /without a path/],
  ['http://backend/?q', /without a path/],
  ['http://user:secret@backend', /without a user or password/],
  ['http://backend:99999', /expected http:\/\/host:port/],
  ['http://', /expected http:\/\/host:port/],
  ['unix:app.sock', /expected http:\/\/host:port/],
  ['', /expected http:\/\/host:port/],
] as const

for (const [text, message] of BAD) {
  test(`${JSON.stringify(text)} is none`, () =>
    assert.throws(
      () => parseUpstream(text),
      (error: Error) => message.test(error.message) && !error.message.includes('secret'),
    ))
}
