/** Names of the contract that this version does not serve: refused at startup, so that none is a silent no-op. */

/** Settings, by their path without indexes. What stands below one is refused with it. */
const SETTINGS: ReadonlySet<string> = new Set(['store', 'storeFile', 'cors'])

const VARIABLES: ReadonlySet<string> = new Set(['WS_STORE', 'WS_STORE_FILE', 'WS_CORS'])

export const NOT_YET = 'not available in this version'

/** Whether a setting of the contract is not served yet. */
export const isSettingNotYet = (path: readonly (string | number)[]) =>
  SETTINGS.has(path.filter((key) => typeof key === 'string').join('.'))

/** Whether a variable of the contract is not served yet. */
export const isVariableNotYet = (name: string) => VARIABLES.has(name)
