/** The identity provider of an example, `https://id.example.com`, and the way there: the HTTPS proxy of a company. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { connect } from 'node:net'
import type { TestContext } from 'node:test'
import { fileURLToPath, URL } from 'node:url'
import { portOf } from '../support/raw.ts'
import { jwk, p256, signToken } from '../tokens/signing.ts'
import { listening } from './backends.ts'

const CERT = fileURLToPath(new URL('tls/id.cert.pem', import.meta.url))
const KEY = fileURLToPath(new URL('tls/id.key.pem', import.meta.url))

/**
 * Starts both; they end with the test.
 * @returns the variables with which a process finds and trusts it: those of Node, nothing of ours
 */
export async function identityProvider(t: TestContext): Promise<Record<string, string>> {
  const keys = JSON.stringify({ keys: [jwk(p256.publicKey, { kid: 'k1', alg: 'ES256' })] })
  const provider = createHttpsServer({ cert: readFileSync(CERT), key: readFileSync(KEY) }, ({ url }, response) => {
    response.writeHead(url === '/.well-known/jwks.json' ? 200 : 404).end(keys)
  })
  provider.listen(0, '127.0.0.1')
  await once(provider, 'listening')
  t.after(() => {
    provider.closeAllConnections()
    provider.close()
  })
  const HTTPS_PROXY = await companyProxy(t, portOf(provider))
  return { NODE_USE_ENV_PROXY: '1', HTTPS_PROXY, NODE_EXTRA_CA_CERTS: CERT }
}

/** A proxy that knows one name. */
async function companyProxy(t: TestContext, port: number): Promise<string> {
  const proxy = createServer()
  proxy.on('connect', ({ url }, client) => {
    if (url !== 'id.example.com:443') {
      client.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      return
    }
    const server = connect(port, '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'))
    server.pipe(client).pipe(server)
    for (const end of [server, client]) end.on('error', () => server.destroy())
    t.after(() => server.destroy())
  })
  return listening(t, proxy)
}

/** A token of this provider for a user and a session, good for `ttlSeconds`. */
export function issue(user: string, session: string, ttlSeconds = 600): string {
  const exp = Math.floor(Date.now() / 1000) + ttlSeconds
  const claims = { iss: 'https://id.example.com', aud: 'session-api', sub: user, session_id: session, exp }
  return signToken({ alg: 'ES256', kid: 'k1' }, claims, p256.privateKey)
}
