import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchRoute } from '../../src/checks/route.ts'
import { compilePath } from '../../src/policy/path.ts'
import { connection } from '../support/connection.ts'

const routes = [
  { name: 'room', match: compilePath('/ws/:room') },
  { name: 'lobby', match: compilePath('/ws/lobby') },
  { name: 'rest', match: compilePath('/ws/*') },
]
const judge = matchRoute(routes)

const CASES: [target: string, route: string | undefined, params?: Record<string, string>][] = [
  ['/ws/7?token=x', 'room', { room: '7' }],
  ['/ws/lobby', 'room', { room: 'lobby' }],
  ['/ws/', 'rest', {}],
  ['/ws/a/b', 'rest', {}],
  ['/ws', undefined],
  ['/WS/7', undefined],
  ['http://ws.example/ws/7', 'room', { room: '7' }],
  ['*', undefined],
]

for (const [target, route, params = {}] of CASES) {
  test(`${target} takes ${route ?? 'no route'}`, async () => {
    const verdict = await judge(connection({ target }))
    if (route === undefined) return assert.equal(!verdict.ok && verdict.reason, 'route_not_found')
    assert.equal(verdict.learned?.route, route)
    assert.deepEqual(Object.fromEntries(verdict.learned?.params ?? []), params)
  })
}

test('the refusal tells operators the path', async () => {
  const verdict = await judge(connection({ target: '/nowhere?token=secret' }))
  assert.match(verdict.ok ? '' : (verdict.detail ?? ''), /\/nowhere/)
  assert.doesNotMatch(JSON.stringify(verdict), /secret/)
})
