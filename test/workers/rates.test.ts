/** Rates over several processes: they tell each other what they counted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client } from '../support/backend.ts'
import { type Crew, startCrew, until } from '../support/crew.ts'

interface Limits {
  readonly limits: readonly { readonly limiter: string; readonly top: readonly { readonly used: number }[] }[]
}

const yaml = 'routes: [{ name: chat, path: /a, limits: { messages: { perIp: 20/h } } }]'

/** Sends until one is refused; how many were answered. */
async function sendAll(open: Client, most: number): Promise<number> {
  for (let sent = 0; sent < most; sent++) {
    const answered = await open.echo('in').then(
      () => true,
      () => false,
    )
    if (!answered) return sent
  }
  return most
}

/** Until one worker at least knows of so many. */
const known = (crew: Crew, used: number) =>
  until(async () => {
    // The shape of this answer is the admin API's.
    const { limits } = (await (await fetch(`http://${crew.admin}/api/limits`)).json()) as Limits
    const all = limits.find(({ limiter }) => limiter === 'chat.messages.perIp')?.top[0]?.used
    return all !== undefined && all >= used ? all : undefined
  })

test('what one worker let pass counts in the other', async (t) => {
  const crew = await startCrew(t, { yaml })
  const [here, there] = await crew.onTwo()
  assert.equal(await sendAll(here, 12), 12)
  assert.equal(await sendAll(there, 4), 4)
  await known(crew, 16)
  // What one was told of, it tells nobody: nothing is counted twice.
  const [one, other] = [await sendAll(here, 30), await sendAll(there, 30)]
  assert.ok(one + other >= 4, `${one} and ${other}: counted twice`)
  assert.ok(one <= 4 || other <= 4, `${one} and ${other}: neither knew of the other`)
  assert.equal((await here.ended).code, 1008)
})

test('two senders at once never get more than a rate each, and together only until they know of each other', async (t) => {
  const crew = await startCrew(t, { yaml })
  const [here, there] = await crew.onTwo()
  const [one, other] = await Promise.all([sendAll(here, 60), sendAll(there, 60)])
  assert.ok(one <= 20 && other <= 20 && one + other >= 20, `${one} and ${other}`)
  const again = await crew.onTwo()
  assert.deepEqual(await Promise.all(again.map((open) => sendAll(open, 1))), [0, 0])
})
