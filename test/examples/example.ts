/** An example of config/, run as a user does who copied it: the file as it is, its secrets beside it. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath, URL } from 'node:url'
import { mintToken } from '../../src/tokens/mint.ts'
import { folder } from '../support/command-line.ts'
import { ON_LOOPBACK, runWsluice, spawnWsluice, type Wsluice } from '../support/process.ts'

const CONFIG = fileURLToPath(new URL('../../config/', import.meta.url))

/** What stands in every secret file of an example. */
const SECRET = 'a secret of these tests, forty bytes long'

export interface Copied {
  /** The name of a file in config/, without `.yaml`. */
  readonly name: string
  /** The files in `secrets/` that it names. */
  readonly secrets?: readonly string[]
}

export interface Started extends Copied {
  /** In place of the top-level `upstream`. */
  readonly upstream?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Example extends Wsluice {
  /** `host:port` that it listens on. */
  readonly place: string
}

/** Copies an example into a folder of its own, with its schemas and secrets; the path of the copy. */
function copyExample(t: TestContext, { name, secrets = [] }: Copied): string {
  const path = folder(t)
  cpSync(join(CONFIG, `${name}.yaml`), join(path, `${name}.yaml`))
  cpSync(join(CONFIG, 'schemas'), join(path, 'schemas'), { recursive: true })
  mkdirSync(join(path, 'secrets'))
  for (const secret of secrets) writeFileSync(join(path, 'secrets', secret), `${SECRET}\n`)
  return join(path, `${name}.yaml`)
}

/** Starts `wsluice` on a copy; it ends with the test. */
export async function startExample(t: TestContext, { upstream, env = {}, ...copied }: Started): Promise<Example> {
  const file = copyExample(t, copied)
  const backend = upstream === undefined ? {} : { WS_UPSTREAM: upstream }
  const wsluice = spawnWsluice(t, ['--config', file], { env: { ...ON_LOOPBACK, ...backend, ...env } })
  return { ...wsluice, place: await wsluice.address('listen') }
}

/** Runs `wsluice check` on a copy. */
export const checkExample = (t: TestContext, copied: Copied) =>
  runWsluice(t, ['check', '--config', copyExample(t, copied)])

/** A token signed with the secret of an example, good for `ttlSeconds`. */
export const tokenOf = (claims: Readonly<Record<string, unknown>>, ttlSeconds = 600): Promise<string> =>
  mintToken({ secret: SECRET, claims: { sub: 'ann', ...claims }, ttlSeconds, now: Date.now() })
