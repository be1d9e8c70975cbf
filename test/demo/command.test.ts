import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import WebSocket from 'ws'
import { demonstrate } from './replay.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

test('a client is told to go, and nothing is left, when the demo stops', async (t) => {
  const { demo } = await demonstrate(t)
  const { closed } = await connected(demo)
  await demo.stop()
  assert.deepEqual(await closed, [1012, 'Service restart'])
  assert.deepEqual(demo.held(), { sessions: 0, counts: 0, deadlines: 0, lingering: 0, buffered: 0 })
})

test('the process prints where everything is, logs, and ends with Ctrl-C while a client is connected', async (t) => {
  const child = run(t, '--port', '0')
  const [text] = await said(child, /"event":"started"/)
  const chat = /ws:\/\/127\.0\.0\.1:\d+\/chat/.exec(text)?.[0] ?? ''
  const token = /site_token=([\w.-]+)/.exec(text)?.[1] ?? ''
  const pagePort = Number(/app\.localhost:(\d+)/.exec(text)?.[1])
  const { closed } = await connected({ places: { chat }, token, pagePort })
  child.kill('SIGINT')
  const [code] = await once(child, 'exit')
  assert.equal(code, 0)
  assert.deepEqual(await closed, [1012, 'Service restart'])
})

for (const port of ['65536', '-1', 'http', '1e3', '']) {
  test(`--port ${JSON.stringify(port)} is a usage error`, async (t) => {
    const child = run(t, `--port=${port}`)
    const [[code], [, complaint]] = await Promise.all([once(child, 'exit'), said(child, /\n/)])
    assert.equal(code, 2)
    assert.match(complaint, /^--port: expected a port from 0 \(any\) to 65535, got /)
  })
}

function run(t: TestContext, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [MAIN, 'demo', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  return child
}

/** What a process wrote, its errors apart, once either has this in it. */
function said(child: ChildProcess, pattern: RegExp): Promise<[string, string]> {
  const texts: [string, string] = ['', '']
  return new Promise((resolve, reject) => {
    for (const [index, stream] of [child.stdout, child.stderr].entries()) {
      stream?.on('data', (chunk) => {
        texts[index === 0 ? 0 : 1] += String(chunk)
        if (texts.some((text) => pattern.test(text))) resolve(texts)
      })
    }
    child.once('close', () => reject(new Error(`ended without ${pattern}: ${texts.join('')}`)))
  })
}

interface Reachable {
  readonly places: { readonly chat: string }
  readonly token: string
  readonly pagePort: number
}

/** A client of the customer's site whose first message was answered. */
async function connected({ places, token, pagePort }: Reachable) {
  const origin = `http://app.localhost:${pagePort}`
  const socket = new WebSocket(`${places.chat}?site_token=${token}`, { origin })
  const closed = once(socket, 'close').then(([code, reason]) => [code, String(reason)])
  await once(socket, 'open')
  socket.send('hello')
  await once(socket, 'message')
  return { closed }
}
