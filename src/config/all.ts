/** Every setting there is, and every variable but the one that names the file. */
import { configSchema } from './settings.ts'
import { sectionOf } from './shape.ts'
import { variablesOf } from './variables.ts'

export const ROOT = sectionOf(configSchema)
export const VARIABLES = variablesOf(ROOT)
