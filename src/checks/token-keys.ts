/** Which keys may have signed a token. */
import type { FileText } from '../settings/file.ts'
import { type KeySet, staticKeySet } from '../tokens/key-set.ts'
import { compileKeys, type KeyConfig } from '../tokens/keys.ts'
import { remoteKeySet } from '../tokens/remote-key-set.ts'
import type { SettingProblem } from './define.ts'

/** The settings that say which keys may have signed a token. */
export interface KeySettings {
  readonly secret?: string | undefined
  readonly secrets?: readonly string[] | undefined
  readonly publicKey?: FileText | undefined
  readonly jwks?: FileText | string | undefined
  readonly algorithms?: readonly string[] | undefined
}

/** As the verifier takes them. */
export function keyConfig(config: KeySettings, keySet: (url: string) => KeySet): KeyConfig {
  const secrets = config.secrets ?? (config.secret === undefined ? undefined : [config.secret])
  const jwks = typeof config.jwks === 'string' ? keySet(config.jwks) : config.jwks && staticKeySet(config.jwks.text)
  return { secrets, publicKey: config.publicKey?.text, jwks, algorithms: config.algorithms }
}

/** What is wrong with them. */
export function keyProblems(config: KeySettings): SettingProblem[] {
  const { secret, secrets, publicKey, jwks, algorithms } = config
  if (secret !== undefined && secrets) return [{ path: ['secrets'], message: 'give secret or secrets, not both' }]
  if ((secret ?? secrets ?? publicKey ?? jwks) === undefined)
    return [{ path: [], message: 'expected a key: secret, secretFile, secrets, publicKey or jwks' }]
  try {
    compileKeys(keyConfig({ secret, secrets, publicKey, jwks, algorithms }, unfetched))
    return []
  } catch (error) {
    return [unusable(error)]
  }
}

/** A key set that is only looked at: making one fetches nothing, and checks the URL. */
const unfetched = (url: string): KeySet =>
  remoteKeySet({ url, fetch: globalThis.fetch, now: () => 0, onEvent: () => {} })

const NAMES = ['secret', 'secrets', 'publicKey', 'jwks', 'algorithms']

/** Messages of `tokens/` begin with the setting's name. */
function unusable(error: unknown): SettingProblem {
  const message = error instanceof Error ? error.message : 'the keys are not usable'
  const name = NAMES.find((key) => message.startsWith(`${key}: `))
  return name === undefined ? { path: [], message } : { path: [name], message: message.slice(name.length + 2) }
}
