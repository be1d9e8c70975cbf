/** `npm run generate`: writes `config/schema.json` and `config/REFERENCE.md` from the declarations. */
import { writeFileSync } from 'node:fs'
import { generated } from './generated.ts'

const FOLDER = new URL('../../config/', import.meta.url)

for (const [name, content] of generated()) writeFileSync(new URL(name, FOLDER), content)
