/** `npm run demo` as a person has it: the page clicked through in Chromium, the three lines pasted in a shell, Ctrl-C. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Browser, Locator, Page } from 'playwright-core'
import { SCENARIOS } from '../../src/demo/scenarios.ts'
import { type Child, startChild } from '../support/children.ts'
import { launchChromium } from '../support/chromium.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

let demo: Child
let browser: Browser
let page: Page
const complaints: string[] = []

before(async () => {
  demo = startChild('node', ['src/main.ts', 'demo', '--port', '0'], { cwd: ROOT })
  const [, url = ''] = await demo.says(/^ *page +(http:\S+)/)
  await demo.says(/"event":"started"/)
  browser = await launchChromium()
  page = await browser.newPage()
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(url)
})

after(async () => {
  await browser?.close()
  await demo?.stop()
})

test('"Try all" gives what every row promises', { timeout: 60_000 }, async () => {
  await page.click('#try-all')
  await page.getByText(/\d+ of \d+ as promised/).waitFor({ timeout: 45_000 })
  const rows = await page.locator('[data-scenario]').all()
  const ids = await Promise.all(rows.map((row) => row.getAttribute('data-scenario')))
  assert.deepEqual(
    ids,
    SCENARIOS.map(({ id }) => id),
  )
  const seen = await Promise.all(rows.map(read))
  const promised = SCENARIOS.map(({ id, expected: { code, text } }) => [id, 'met', String(code), text])
  assert.deepEqual(seen, promised)
  assert.deepEqual(complaints, [])
})

const read = async (row: Locator) => [
  await row.getAttribute('data-scenario'),
  await row.getAttribute('data-state'),
  await row.locator('[data-code]').textContent(),
  await row.locator('[data-reason]').textContent(),
]

test("beside each stands the operator's log of it", async () => {
  for (const { id, expected } of SCENARIOS) {
    const log = (await page.locator(`[data-scenario="${id}"] [data-log]`).textContent()) ?? ''
    assert.match(log, /decided/, id)
    assert.ok(log.includes(expected.reason), `${id}: ${expected.reason} is not in ${log}`)
  }
})

/** [what the line shows, what it says, its exit code] */
const LINES: readonly [string, RegExp, number][] = [
  ['a client with a token', /hello/, 0],
  ['a client without one', /^4401 Invalid or expired authentication token$/, 0],
  ['why a foreign Origin is refused', /origin_not_allowed/, 3],
]

test('the three lines to try work as they are printed', { timeout: 60_000 }, async () => {
  const lines = demo.said.filter((line) => /^(?:npx|npm|WS_)/.test(line))
  assert.equal(lines.length, LINES.length)
  for (const [index, [name, says, exit]] of LINES.entries()) {
    const shell = startChild('bash', ['-c', lines[index] ?? ''], { cwd: ROOT })
    const ended = once(shell.process, 'close')
    await shell.says(says)
    assert.equal((await ended)[0], exit, name)
  }
})

test('Ctrl-C ends it at once, and well', { timeout: 10_000 }, async () => {
  const ended = once(demo.process, 'exit')
  demo.process.kill('SIGINT')
  assert.deepEqual(await ended, [0, null])
})
