/** Which environment variable is which setting. */
import { type Field, fileName, type Path, type Section } from './shape.ts'

/** A setting that a variable may give. */
export interface Variable {
  readonly name: string
  /** Within the configuration, or within the one route that the environment describes. */
  readonly path: readonly string[]
  readonly place: 'process' | 'route'
  readonly field: Field
}

/** The variable that names the file of a secret. */
export const fileVariable = (name: string) => `${name}_FILE`

/**
 * Every variable there is. A process setting has `WS_` and its path in capitals, unless a top-level setting names
 * another; of a route only the settings that name one have a variable.
 */
export function variablesOf(root: Section): Variable[] {
  const routes = root.fields.get('routes')?.shape
  const route = routes?.kind === 'list' ? routes.item : undefined
  return [
    ...values(root).map(({ path, field }) => {
      const own = path.length === 1 ? field.env : undefined
      return { name: own ?? capitals(path), path, place: 'process' as const, field }
    }),
    ...(route ? values(route) : []).flatMap(({ path, field }) =>
      // A limit that is tried is declared as the one in force is; the variable is of that.
      field.env === undefined || path.includes('candidate')
        ? []
        : [{ name: field.env, path, place: 'route' as const, field }],
    ),
  ]
}

/** The settings that hold one value, or a list of values; those of `routes` and other lists of sections are none. */
function values(section: Section, above: readonly string[] = []): { path: string[]; field: Field }[] {
  return [...section.fields.values()].flatMap((field) => {
    const path = [...above, field.name]
    if (field.shape.kind === 'section') return values(field.shape, path)
    return field.shape.kind === 'value' ? [{ path, field }] : []
  })
}

const capitals = (path: readonly string[]) =>
  `WS_${path.map((name) => name.replace(/[A-Z]/g, '_$&').replaceAll('-', '_').toUpperCase()).join('_')}`

/** The one route that the environment describes. */
export const ENVIRONMENT_ROUTE: Path = ['routes', 0]

/** Names under which a value is written: itself, and the file of a secret. */
export const spellings = (field: Field) => (field.secret ? [field.name, fileName(field.name)] : [field.name])
