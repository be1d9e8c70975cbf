import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Commands, commandsFor, introduction } from '../../src/demo/introduction.ts'
import { placesOf } from '../../src/demo/places.ts'

test('commands fit what is installed', () => {
  const cases: [Parameters<typeof commandsFor>, Commands][] = [
    [['checkout', 'v24.1.0'], { node: 'npx node', wsluice: 'npm start --silent --' }],
    [['package', 'v24.1.0'], { node: 'node', wsluice: 'npx wsluice' }],
    [['package', 'v22.0.0'], { node: 'node', wsluice: 'npx wsluice' }],
    [['package', 'v20.19.0'], { node: 'node --experimental-websocket', wsluice: 'npx wsluice' }],
  ]
  for (const [given, expected] of cases) assert.deepEqual(commandsFor(...given), expected)
})

test('says where everything is, and three lines to try', () => {
  const listeners = { listen: '127.0.0.1:2', ops: '127.0.0.1:3', admin: '127.0.0.1:4' }
  const places = placesOf({ pagePort: 1, backendPort: 5 }, listeners)
  const commands = { node: 'NODE', wsluice: 'WSLUICE' }
  const text = introduction({ places, token: 'a.b.c', pagePort: 1, policyFile: 'demo.yaml', commands })
  for (const place of [...Object.values(places), 'demo.yaml']) assert.ok(text.includes(place), place)
  const lines = text.split('\n').filter((line) => /^(?:NODE|.* WSLUICE) /.test(line))
  assert.equal(lines.length, 3)
  assert.ok(lines[0]?.includes('ws://127.0.0.1:2/chat?site_token=a.b.c'))
})
