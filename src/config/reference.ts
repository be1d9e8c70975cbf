/** The reference of all settings and reasons, as Markdown. */
import { PRESETS } from '../policy/answers.ts'
import { REASON_KEYS, REASONS, type Reason } from '../policy/reasons.ts'
import { JOINT_VARIABLES } from './joint-variables.ts'
import { type Field, fileName, type Section } from './shape.ts'
import { fileVariable, type Variable } from './variables.ts'

/** A metric as the reference lists it. */
export interface MetricRow {
  readonly name: string
  readonly type: string
  readonly labels: readonly string[]
  readonly doc: string
}

/** @param metrics an empty list leaves the section out */
export function reference(root: Section, variables: readonly Variable[], metrics: readonly MetricRow[] = []): string {
  const names = namesBySetting(variables)
  const routes = root.fields.get('routes')?.shape
  const process: Section = { kind: 'section', fields: new Map([...root.fields].filter(([name]) => name !== 'routes')) }
  return [
    INTRODUCTION,
    '## Process',
    table(
      SETTING_HEADS,
      rows(process, '', (path) => names.get(key('process', path))),
    ),
    '## Routes',
    'Each entry of `routes`. A variable here builds the one route there is when no file has `routes`.',
    table(SETTING_HEADS, routes?.kind === 'list' ? rows(routes.item, '', (path) => names.get(key('route', path))) : []),
    '## Reasons',
    'Why a client is refused. A key is the value in logs, the label of metrics and the key of `closeCodes`.',
    table(['key', 'code', 'text', 'HTTP', 'what to do'], REASON_KEYS.map(reasonRow)),
    '### Presets',
    'What `closeCodes: { preset: … }` changes; everything else is as above.',
    table(['preset', 'codes'], Object.entries(PRESETS).map(presetRow)),
    ...(metrics.length === 0
      ? []
      : ['## Metrics', table(['metric', 'type', 'labels', 'what'], metrics.map(metricRow))]),
    '',
  ].join('\n\n')
}

function namesBySetting(variables: readonly Variable[]): ReadonlyMap<string, readonly string[]> {
  const own = variables.map(({ place, path, name }) => ({ setting: key(place, path), name }))
  const joint = [...JOINT_VARIABLES].flatMap(([name, paths]) =>
    paths.map((path) => ({ setting: key('route', path.split('.')), name })),
  )
  const names = new Map<string, string[]>()
  for (const { setting, name } of [...own, ...joint]) names.set(setting, [...(names.get(setting) ?? []), name])
  return names
}

const INTRODUCTION = `# Reference

Generated from the declarations in \`src/\` by \`npm run generate\`; do not edit.

Order: defaults < file (YAML or JSON) < environment < flags. Durations \`500ms 10s 5m 1h\`, sizes \`64KiB 1MiB\`, rates
\`10/s 100/min 30/10s\`. A list may also be one comma-separated text. \`WS_CONFIG\` or \`--config\` names the file; relative
paths are relative to its folder. An empty variable is unset, unless it would turn a check on: then it is an error.`

const SETTING_HEADS = ['setting', 'what', 'type', 'default', 'variable', 'flag']

const key = (place: Variable['place'], path: readonly string[]) => `${place} ${path.join('.')}`

type VariablesOf = (path: readonly string[]) => readonly string[] | undefined

function rows(section: Section, written: string, variablesOf: VariablesOf, path: readonly string[] = []): string[][] {
  return [...section.fields.values()].filter(isListed).flatMap((field) => {
    const name = `${written}${field.name === REASON ? '<reason>' : field.name}`
    const at = [...path, field.name]
    const own = settingRow(name, field, variablesOf(at) ?? [])
    if (field.shape.kind === 'section') return [own, ...rows(field.shape, `${name}.`, variablesOf, at)]
    // What stands in a list has no variable.
    if (field.shape.kind === 'list') return [own, ...rows(field.shape.item, `${name}[].`, () => undefined)]
    return [own]
  })
}

/** Settings of one kind for every reason are listed once. */
const REASON: string = REASON_KEYS[0] ?? ''
const OTHER_REASONS: ReadonlySet<string> = new Set(REASON_KEYS.slice(1))

const isListed = ({ name }: Field) => !OTHER_REASONS.has(name)

function settingRow(name: string, field: Field, named: readonly string[]): string[] {
  const spelled = field.secret ? `${code(name)} (secret), ${code(fileName(name))}` : code(name)
  const variables = named
    .map((variable) => variable.replace(REASON.toUpperCase(), '<REASON>'))
    .flatMap((variable) => (field.secret ? [variable, fileVariable(variable)] : [variable]))
  return [
    spelled,
    `${field.doc.replace(REASON, '<reason>')}${field.isRequired ? ' Required.' : ''}`,
    typeOf(field),
    defaultOf(field),
    variables.map(code).join(', '),
    field.flag === undefined ? '' : code(field.flag),
  ]
}

const typeOf = ({ shape }: Field) =>
  shape.kind === 'value' ? shape.words : shape.kind === 'list' ? 'list of sections' : 'section'

function defaultOf({ fallback, shape }: Field): string {
  if (fallback === undefined || shape.kind !== 'value') return ''
  return code(typeof fallback === 'string' ? fallback : JSON.stringify(fallback))
}

function reasonRow(reason: Reason): string[] {
  const { code: closeCode, text, http, advice } = REASONS[reason]
  return [`<a id="${reason}"></a>${code(reason)}`, String(closeCode), text, String(http), advice]
}

function presetRow([preset, changes]: [string, Readonly<Record<string, number>>]): string[] {
  const changed = Object.entries(changes).map(([reason, closeCode]) => `${code(reason)} ${closeCode}`)
  return [code(preset), changed.length === 0 ? 'the table above' : changed.join(', ')]
}

const metricRow = ({ name, type, labels, doc }: MetricRow) => [code(name), type, labels.map(code).join(', '), doc]

const code = (text: string) => `\`${text}\``

const table = (heads: readonly string[], body: readonly (readonly string[])[]) =>
  [heads, heads.map(() => '---'), ...body].map((cells) => `| ${cells.map(escaped).join(' | ')} |`).join('\n')

const escaped = (cell: string) => cell.replaceAll('|', '\\|')
