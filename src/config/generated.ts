/** The files that are made of the declarations, by name in `config/`. */
import { ROOT, VARIABLES } from './all.ts'
import { type MetricRow, reference } from './reference.ts'
import { jsonSchema } from './schema.ts'

/** Name and content of each file; the same every time. */
export const generated = (metrics: readonly MetricRow[]): ReadonlyMap<string, string> =>
  new Map([
    ['schema.json', `${JSON.stringify(jsonSchema(), null, 2)}\n`],
    ['REFERENCE.md', reference(ROOT, VARIABLES, metrics)],
  ])
