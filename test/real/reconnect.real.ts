/** The client of docs/reconnect.js in Chromium: renewed where its token has ended, stopped on a strange page. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { mintToken } from '../../src/tokens/mint.ts'
import { CLIENT } from '../docs/client.ts'
import { type Pages, startPages } from '../support/chromium.ts'
import { startTestProxy, type TestProxy } from '../support/proxy.ts'
import type { Backend } from './backends/backend.ts'
import { wsBackend } from './backends/ws.ts'

const SECRET = 'a secret of these tests, forty bytes long'
const LIMIT = { timeout: 20_000 }

let pages: Pages
let backend: Backend
let proxy: TestProxy

before(async () => {
  backend = await wsBackend('on')
  pages = await startPages()
  const yaml = `
upstream: http://127.0.0.1:${backend.port}
routes:
  - { path: /ws, origin: { allow: ["${pages.origin('app')}"] }, token: { secretFile: secret } }`
  proxy = await startTestProxy({ yaml, files: { '/test/secret': SECRET } })
})

after(async () => {
  await proxy?.stop()
  await pages?.stop()
  await backend?.stop()
})

const mint = (ttlSeconds: number) =>
  mintToken({ secret: SECRET, claims: { sub: 'ann' }, ttlSeconds, now: Date.now() }).then((token) =>
    proxy.url(`/ws?token=${token}`),
  )

/** Runs the client on a page until it is answered or has stopped; what it was told on the way. */
const follow = (page: Page, stale: string, good: string) =>
  page.evaluate(
    async ([source, first, renewed]) => {
      const place = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))
      const { connect } = await import(place)
      const told: string[] = []
      return await new Promise<string[]>((resolve) => {
        const client = connect(async (fresh: boolean) => (fresh ? renewed : first), {
          firstWait: 10,
          onMessage: (data: unknown) => {
            told.push(`answer ${data}`)
            client.stop()
          },
          onState: (state: string, event?: CloseEvent) => {
            told.push(event ? `${state} ${event.code}` : state)
            if (state === 'open' && told.length > 1) client.send('hello')
            if (state === 'stopped') resolve(told)
          },
        })
      })
    },
    [readFileSync(CLIENT, 'utf8'), stale, good] as const,
  )

test('a token that has ended is renewed', LIMIT, async () => {
  const told = await follow(await pages.open('app'), await mint(-60), await mint(60))
  assert.deepEqual(told, ['open', 'waiting 4401', 'open', 'answer hello', 'stopped'])
})

test('a page that is not allowed stops', LIMIT, async () => {
  const told = await follow(await pages.open('evil'), await mint(60), await mint(60))
  assert.deepEqual(told, ['open', 'stopped 1008'])
})
