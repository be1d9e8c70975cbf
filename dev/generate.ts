/** `npm run generate`: writes `config/schema.json` and `config/REFERENCE.md` from the declarations. */
import { writeFileSync } from 'node:fs'
import { generated } from '../src/config/generated.ts'
import { metricRows } from '../src/observe/metric-rows.ts'

const FOLDER = new URL('../config/', import.meta.url)

for (const [name, content] of generated(metricRows())) writeFileSync(new URL(name, FOLDER), content)
