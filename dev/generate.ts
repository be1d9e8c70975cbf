/**
 * `npm run generate`: writes `config/schema.json` and `config/REFERENCE.md` from the declarations, and the files of the
 * Helm chart that are made of others.
 */
import { writeFileSync } from 'node:fs'
import { generated } from '../src/config/generated.ts'
import { metricRows } from '../src/observe/metric-rows.ts'
import { chartFiles } from './chart-files.ts'

const write = (folder: string, files: ReadonlyMap<string, string>) => {
  for (const [name, content] of files) writeFileSync(new URL(`../${folder}/${name}`, import.meta.url), content)
}

write('config', generated(metricRows()))
write('helm/wsluice', chartFiles())
