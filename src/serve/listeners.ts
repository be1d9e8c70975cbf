/** Opens the three listeners: clients, ops, admin. */
import type { Server } from 'node:http'
import type { Config } from '../config/settings.ts'
import { listen } from '../proxy/listen.ts'
import { formatListen, type Listen } from '../settings/listen.ts'

/** The servers by the setting that says where they listen; absent where that is `off`. */
export interface Servers {
  readonly listen: Server
  readonly ops: Server
  readonly admin: Server
}

/** Opened listeners, by setting. */
export type Listeners = Partial<Record<keyof Servers, string>>

/**
 * Listens where the configuration says. An address that nobody asked for, a default of `ops` or `admin` that is in use,
 * is left out with a warning; any other that cannot be used rejects.
 * @param given whether a setting was given, or has its default
 */
export async function openListeners(
  servers: Servers,
  config: Config,
  given: (setting: keyof Servers) => boolean,
  warn: (message: string) => void,
): Promise<Listeners> {
  const opened: Listeners = {}
  for (const setting of ['ops', 'admin', 'listen'] as const) {
    const address: Listen | 'off' = config[setting]
    if (address === 'off') continue
    try {
      opened[setting] = await listen(servers[setting], address)
    } catch (error) {
      const message = `${setting}: ${error instanceof Error ? error.message : 'failed'}`
      if (setting === 'listen' || given(setting)) throw new Error(message)
      warn(`${message} (${setting} has its default ${formatListen(address)}; set it, or set it to off)`)
    }
  }
  return opened
}
