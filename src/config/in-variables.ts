/** What is said of settings, said of the variables that give them: who sets none in a file has never seen their keys. */

const TOKEN_KEYS = 'WS_TOKEN_SECRET, WS_TOKEN_SECRET_FILE, WS_TOKEN_PUBLIC_KEY or WS_TOKEN_JWKS'

const PHRASES: readonly [ofKeys: string, ofVariables: string][] = [
  ['secret, secretFile, secrets, publicKey or jwks', TOKEN_KEYS],
  ['the route needs a token section', `set ${TOKEN_KEYS}`],
  ['adminToken or adminTokenFile', 'WS_ADMIN_TOKEN or WS_ADMIN_TOKEN_FILE'],
  ['set admin to', 'set WS_ADMIN_LISTEN to'],
  ['set ops to', 'set WS_OPS_LISTEN to'],
  ['set trustedProxies to', 'set WS_TRUSTED_PROXIES to'],
]

/** A message about a setting that a variable gave. */
export const inVariables = (message: string): string =>
  PHRASES.reduce((said, [ofKeys, ofVariables]) => said.replace(ofKeys, ofVariables), message)
