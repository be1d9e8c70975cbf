import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemsOf } from '../support/load.ts'

test('a mistake elsewhere hides nothing that a check has to say of its settings', () => {
  const problems = problemsOf({
    yaml: `
upstrem: http://127.0.0.1:1
routes:
  - path: /ws/:room
    mode: dryrun
    token: { secret: a secret of at least thirty-two bytes, algorithms: [RS256] }
    authorize: [{ claim: room, equals: "param:rom" }]
    limits: { connections: { perUsr: 5 } }
  - path: /other/*
    upstream: nowhere
    domains: {}
    limits: { connections: { perUser: 5 } }
`,
  }).join('\n')
  for (const expected of [
    'upstrem: unknown key',
    'routes[0].mode: expected',
    'routes[0].token.algorithms: no key serves RS256',
    'routes[0].authorize[0].equals: the path of the route has no :rom',
    'routes[0].limits.connections.perUsr: unknown key',
    'routes[1].upstream',
    'routes[1].domains: domains are listed in a token',
    'routes[1].limits.connections.perUser: the user is named by a token',
  ]) {
    assert.ok(problems.includes(expected), `${expected}\nin\n${problems}`)
  }
})
