/** The files of the Helm chart that are made of others. */
import { readFileSync } from 'node:fs'
import { jsonSchema } from '../src/config/schema.ts'
import { valuesSchema } from './values-schema.ts'

const config = (name: string) => readFileSync(new URL(`../config/${name}`, import.meta.url), 'utf8')

/** Name and content of each file in `helm/wsluice/`. A chart holds no file of another folder: rules and dashboard are copied. */
export const chartFiles = (): ReadonlyMap<string, string> =>
  new Map([
    ['values.schema.json', `${JSON.stringify(valuesSchema(jsonSchema()), null, 2)}\n`],
    ['files/rules.yaml', config('prometheus/rules.yaml')],
    ['files/wsluice.json', config('grafana/wsluice.json')],
  ])
