/** Opens the three listeners: clients, ops, admin. */
import type { Config } from '../config/settings.ts'
import { formatListen, type Listen } from '../settings/listen.ts'

/** Begins to listen at an address; resolves to the one in use. Rejects with a sentence that says what to do. */
type Open = (address: Listen) => Promise<string>

/** By the setting that says where; not opened where that is `off`. */
export interface Openers {
  readonly listen: Open
  readonly ops: Open
  readonly admin: Open
}

/** Opened listeners, by setting. */
export type Listeners = Partial<Record<keyof Openers, string>>

/**
 * Listens where the configuration says. An address that nobody asked for, a default of `ops` or `admin` that is in use,
 * is left out with a warning; any other that cannot be used rejects.
 * @param given whether a setting was given, or has its default
 */
export async function openListeners(
  openers: Openers,
  config: Config,
  given: (setting: keyof Openers) => boolean,
  warn: (message: string) => void,
): Promise<Listeners> {
  const opened: Listeners = {}
  for (const setting of ['ops', 'admin', 'listen'] as const) {
    const address: Listen | 'off' = config[setting]
    if (address === 'off') continue
    try {
      opened[setting] = await openers[setting](address)
    } catch (error) {
      const message = `${setting}: ${error instanceof Error ? error.message : 'failed'}`
      if (setting === 'listen' || given(setting)) throw new Error(message)
      warn(`${message} (${setting} has its default ${formatListen(address)}; set it, or set it to off)`)
    }
  }
  return opened
}
