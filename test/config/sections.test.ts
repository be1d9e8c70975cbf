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

const SECRET = 'a secret of at least thirty-two bytes'

const WITHIN: [name: string, section: string, expected: string[]][] = [
  [
    'a mistake of one setting hides no problem of the others',
    `token: { secret: ${SECRET}, algorithms: [RS256], clockTolerance: soon, sekret: x }`,
    ['token.algorithms: no key serves RS256', 'token.clockTolerance: expected a duration', 'token.sekret: unknown key'],
  ],
  [
    'what depends on the setting that is wrong is not judged',
    'token: { secret: [x], algorithms: [RS256] }',
    ['token.secret: expected a text'],
  ],
  [
    'nor what depends on a file that cannot be read',
    `token: { secret: ${SECRET}, publicKey: none.pem, algorithms: [RS256] }`,
    ['token.publicKey: /etc/wsluice/none.pem: no such file'],
  ],
  [
    'a file of a secret that cannot be read',
    'token: { secretFile: none, algorithms: [RS256] }',
    ['token.secretFile: /etc/wsluice/none: no such file'],
  ],
  [
    'entries of a list are judged each by itself',
    `token: { secret: ${SECRET} }, authorize: [{ claim: a, equals: "param:x" }, { claim: b }, { claim: c, equals: "param:y" }]`,
    [
      'authorize[0].equals: the path of the route has no :x',
      'authorize[1].equals: missing',
      'authorize[2].equals: the path of the route has no :y',
    ],
  ],
  [
    'a whole list has one problem',
    'authorize: [{ claim: a, equals: "query:x" }, { claim: b, equals: "query:y" }]',
    ['authorize: a claim stands in a token: the route needs a token section'],
  ],
  [
    'a service and a claim are entries of their own',
    `token: { secret: ${SECRET} }, authorize: [{ url: "http://a/", claim: b }, { url: "http://a/", equals: "query:x" }, { claim: a, equals: "query:x", cache: 1s }, {}]`,
    [
      'authorize[0].claim: give url, or claim and equals',
      'authorize[1].equals: give url, or claim and equals',
      'authorize[2].cache: is of a service: give url',
      'authorize[3]: expected claim and equals, or url',
    ],
  ],
  [
    'headers that mean something else, for a service and from it',
    'authorize: [{ url: "http://a/", headers: [X-Real-IP, Upgrade], responseHeaders: [X-Forwarded-For] }]',
    [
      'authorize[0].headers[0]: is a header that wsluice writes itself',
      'authorize[0].headers[1]: is a header of the handshake itself',
      'authorize[0].responseHeaders[0]: has a meaning of its own',
    ],
  ],
  [
    'an answer that is remembered until it is asked for again',
    'authorize: [{ url: "http://a/", cache: 5m, recheck: 5m }, { url: "http://b/", cache: 1m, recheck: 5m }]',
    ['authorize[0].recheck: must exceed cache, or it is answered from memory'],
  ],
  ['a service needs no token', 'authorize: [{ url: "http://127.0.0.1:1/", recheck: 5m }]', []],
  ['a ticket stands for a token', 'tickets: { path: /t }', ['tickets: a ticket stands for a token']],
  [
    'the place of a ticket is no place of a token',
    `token: { secret: ${SECRET}, from: "header:authorization,query:ticket" }, tickets: { path: /t/:id }`,
    ['token.from: query:ticket is where a ticket stands', 'tickets.path: expected one path, such as /ws/ticket'],
  ],
  [
    'one header, written twice',
    `token: { secret: ${SECRET} }, headers: { user: X-User }, authorize: [{ url: "http://a/", responseHeaders: [X-A, x-user] }, { url: "http://b/", responseHeaders: "X-A" }]`,
    [
      'authorize[0].responseHeaders: is the header of headers.user too',
      'authorize[1].responseHeaders: is the header of authorize[0].responseHeaders too',
    ],
  ],
  [
    'a limit beside one that is wrong',
    'limits: { connections: { perUser: 5, perIp: many } }',
    ['limits.connections.perUser: the user is named by a token', 'limits.connections.perIp: expected'],
  ],
]

for (const [name, section, expected] of WITHIN) {
  test(`within a section: ${name}`, () => {
    const found = problemsOf({ yaml: `upstream: http://127.0.0.1:1\nroutes: [{ path: /ws, ${section} }]\n` })
    const texts = found.map((line) => line.replace(/^.* routes\[0\]\./, ''))
    assert.equal(texts.length, expected.length, found.join('\n'))
    for (const start of expected)
      assert.ok(
        texts.some((one) => one.startsWith(start)),
        `${start}\nin\n${texts.join('\n')}`,
      )
  })
}
