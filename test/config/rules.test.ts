import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Given, good, problemsOf } from '../support/load.ts'
import { FIRST } from '../support/tls/certificates.ts'

const UPSTREAM = 'upstream: http://127.0.0.1:8000\n'
const NOBODY =
  'proxyProtocol: is accepted of trusted proxies only, and there are none: set trustedProxies to the addresses of the load balancer'
const FILES = { '/etc/wsluice/tls.crt': FIRST.cert, '/etc/wsluice/tls.key': FIRST.key }
const TLS = 'tls: { cert: tls.crt, key: tls.key }\n'

const PROXY_PROTOCOL: [name: string, given: Given, problems: string[]][] = [
  ['off', { yaml: `${UPSTREAM}proxyProtocol: no\n` }, []],
  ['of trusted proxies', { yaml: `${UPSTREAM}proxyProtocol: true\ntrustedProxies: [private]\n` }, []],
  ['of trusted proxies, as text', { yaml: `${UPSTREAM}proxyProtocol: "on"\ntrustedProxies: private\n` }, []],
  ['of nobody', { yaml: `${UPSTREAM}proxyProtocol: true\n` }, [`wsluice.yaml:2:16 ${NOBODY}`]],
  [
    'of an empty list',
    { yaml: `${UPSTREAM}proxyProtocol: "1"\ntrustedProxies: []\n` },
    [`wsluice.yaml:2:16 ${NOBODY}`],
  ],
  [
    'of nobody, from the environment',
    { env: { WS_UPSTREAM: 'http://a', WS_PROXY_PROTOCOL: 'true' } },
    [NOBODY.replace('proxyProtocol', 'WS_PROXY_PROTOCOL').replace('trustedProxies', 'WS_TRUSTED_PROXIES')],
  ],
  [
    'on a unix socket',
    { yaml: `${UPSTREAM}proxyProtocol: true\ntrustedProxies: [unix]\nlisten: unix:/run/w.sock\n` },
    [],
  ],
  ['in front of TLS', { yaml: `${UPSTREAM}proxyProtocol: true\ntrustedProxies: [private]\n${TLS}`, files: FILES }, []],
  [
    'in front of TLS on a unix socket',
    { yaml: `${UPSTREAM}proxyProtocol: true\ntrustedProxies: [unix]\nlisten: unix:/run/w.sock\n${TLS}`, files: FILES },
    [
      'wsluice.yaml:2:16 proxyProtocol: cannot be read in front of TLS on a unix socket: listen on a port, or leave tls to the load balancer',
    ],
  ],
]

const NOBODY_COMES =
  'trustedProxies: unix stands for the peers of a unix socket, and listen is a port: leave it out, or listen on unix:PATH'

const TRUSTED_UNIX: typeof PROXY_PROTOCOL = [
  ['on a port', { yaml: `${UPSTREAM}trustedProxies: [loopback, unix]\n` }, [`wsluice.yaml:2:17 ${NOBODY_COMES}`]],
  [
    'on a port, from the environment',
    { env: { WS_UPSTREAM: 'http://a', WS_TRUSTED_PROXIES: 'unix' } },
    [NOBODY_COMES.replace('trustedProxies', 'WS_TRUSTED_PROXIES')],
  ],
  ['on a unix socket', { yaml: `${UPSTREAM}trustedProxies: [unix]\nlisten: unix:/run/w.sock\n` }, []],
  [
    'of a load balancer whose clients come over one',
    { yaml: `${UPSTREAM}trustedProxies: [loopback, unix]\nproxyProtocol: true\n` },
    [],
  ],
]

for (const [name, given, problems] of TRUSTED_UNIX) {
  test(`trustedProxies: unix ${name}`, () => {
    if (problems.length === 0) good(given)
    else assert.deepEqual(problemsOf(given), problems)
  })
}

for (const [name, given, problems] of PROXY_PROTOCOL) {
  test(`proxyProtocol ${name}`, () => {
    if (problems.length === 0) good(given)
    else assert.deepEqual(problemsOf(given), problems)
  })
}
