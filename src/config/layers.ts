/**
 * Which value of a setting counts: a flag's before a variable's before the file's. convict decides, over one flat
 * property per setting. Left to itself it turns `DRY_RUN=0` into true and `8x8` into 8, so every property has one named
 * format that takes no value but a {@link Given}, and changes nothing; zod reads the merged result.
 */
import convict from 'convict'
import type { Given, Layer } from './given.ts'

const FORMAT = 'given'

/** A list with one entry: convict passes lists through untouched, while it walks into objects. */
type Boxed = readonly [Given]

const isBoxed = (value: unknown): value is Boxed => Array.isArray(value) && value.length === 1

convict.addFormat({
  name: FORMAT,
  validate(value: unknown) {
    if (value !== undefined && !isBoxed(value)) throw new Error('expected a given value')
  },
  coerce(text: string) {
    throw new Error(`a bare text of ${text.length} characters reached convict`)
  },
})

/** The layers, lowest first. */
export interface Layers {
  readonly file: Layer
  readonly environment: Layer
  readonly flags: Layer
}

/**
 * The value of each setting that any layer gives.
 * @param secrets settings whose values convict itself must never print
 */
export function settle({ file, environment, flags }: Layers, secrets: ReadonlySet<string>): Layer {
  const names = [...new Set([...file.keys(), ...environment.keys(), ...flags.keys()])]
  const config = convict<Record<string, unknown>>(schemaOf(names, secrets), {
    // typed as texts; convict hands whatever stands there to the format
    env: boxes(environment) as unknown as NodeJS.ProcessEnv,
    args: [],
  })
  config.load(boxes(file))
  for (const [property, value] of Object.entries(boxes(flags))) config.set(property, value)
  config.validate({ allowed: 'strict' })
  const settled: unknown[] = names.map((name) => config.get(propertyOf(name)))
  return new Map(names.flatMap((name, index) => (isBoxed(settled[index]) ? [[name, settled[index][0]]] : [])))
}

/** convict splits names at dots. */
const propertyOf = (name: string) => name.replaceAll('.', '/')

const boxes = (layer: Layer): Record<string, Boxed> =>
  Object.fromEntries([...layer].map(([name, given]) => [propertyOf(name), [given]]))

const schemaOf = (names: readonly string[], secrets: ReadonlySet<string>) =>
  Object.fromEntries(
    names.map((name) => {
      const property = propertyOf(name)
      return [property, { default: undefined, format: FORMAT, env: property, sensitive: secrets.has(name) }]
    }),
  )
