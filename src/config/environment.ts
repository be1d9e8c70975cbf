/** Reads `WS_*` variables: which settings they give, and what is wrong with them. */
import { nearest } from '../settings/nearest.ts'
import { absolutePath } from './files.ts'
import type { Given } from './given.ts'
import { type FromJoint, JOINT_VARIABLES, readJoint } from './joint-variables.ts'
import { isVariableNotYet, NOT_YET } from './not-yet.ts'
import { type Problem, problem } from './problems.ts'
import { fileName } from './shape.ts'
import { fileVariable, type Variable } from './variables.ts'

/** Variables as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The variable that names the configuration file. */
export const CONFIG_VARIABLE = 'WS_CONFIG'

export interface FromEnvironment {
  /** Process settings by path. */
  readonly process: ReadonlyMap<string, Given>
  /** Settings of the one route, by their path within it. */
  readonly route: ReadonlyMap<string, Given>
  /** Variables that are set and of which two make one setting of it. */
  readonly joint: FromJoint['set']
  readonly problems: readonly Problem[]
  readonly warnings: readonly string[]
}

/** @param folder paths in variables are relative to it */
export function readEnvironment(variables: readonly Variable[], env: Environment, folder: string): FromEnvironment {
  const read = variables.map((variable) => ({ variable, ...readVariable(variable, env, folder) }))
  const layer = (place: Variable['place']) =>
    new Map(
      read.flatMap(({ variable, given }) =>
        given && variable.place === place ? [[variable.path.join('.'), given]] : [],
      ),
    )
  const strangers = judgeStrangers(variables, env)
  const route = layer('route')
  const hasToken = [...route.keys()].some((path) => path.startsWith('token.'))
  const joint = readJoint((name) => (isBlank(env[name]) ? undefined : env[name]), hasToken)
  return {
    process: layer('process'),
    route: new Map([...route, ...joint.route]),
    joint: joint.set,
    problems: [...read.flatMap(({ problems }) => problems), ...joint.problems, ...strangers.problems],
    warnings: [...joint.warnings, ...strangers.warnings],
  }
}

/** A blank variable is unset, and so is one of nothing but commas. */
export const isBlank = (value: string | undefined) => value === undefined || /^[\s,]*$/.test(value)

function readVariable({ name, field }: Variable, env: Environment, folder: string) {
  const spellings = field.secret ? [name, fileVariable(name)] : [name]
  const problems = spellings
    .filter((spelling) => field.turnsOn && env[spelling] !== undefined && isBlank(env[spelling]))
    .map((spelling) => problem({ variable: spelling }, 'is empty: remove it, or give it a value'))
  const [spelling, other] = spellings.filter((one) => !isBlank(env[one]))
  if (other !== undefined) problems.push(problem({ variable: name }, `give ${spelling} or ${other}, not both`))
  // Blank ones were filtered out, so the value is there.
  if (spelling === undefined || other !== undefined) return { given: undefined, problems }
  return { given: giveVariable(spelling, { name, field }, env[spelling] ?? '', folder), problems }
}

function giveVariable(
  spelling: string,
  { name, field }: Pick<Variable, 'name' | 'field'>,
  text: string,
  folder: string,
): Given {
  const isPath = spelling !== name || field.file
  return {
    spelling: spelling === name ? field.name : fileName(field.name),
    value: isPath ? absolutePath(text, folder) : text,
    source: { kind: 'variable', name: spelling },
  }
}

/** Variables that begin with `WS_` and are no setting. */
function judgeStrangers(variables: readonly Variable[], env: Environment) {
  const known = new Set(variables.flatMap(({ name, field }) => (field.secret ? [name, fileVariable(name)] : [name])))
  for (const name of [CONFIG_VARIABLE, ...JOINT_VARIABLES.keys()]) known.add(name)
  const strangers = Object.keys(env).filter(
    (name) => name.startsWith('WS_') && !known.has(name) && env[name] !== undefined,
  )
  const notYet = strangers.filter((name) => isVariableNotYet(name) && !isBlank(env[name]))
  return {
    problems: notYet.map((name) => problem({ variable: name }, NOT_YET)),
    warnings: strangers.filter((name) => !isVariableNotYet(name)).map((name) => unknown(name, known)),
  }
}

/** Kubernetes gives every container the addresses of a Service called `ws` (and `ws-…`) under such names. */
const KUBERNETES = /^WS_(?:.+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_.+)?|PORT|PORT_\d+_(?:TCP|UDP|SCTP)(?:_.+)?)$/

function unknown(name: string, known: Iterable<string>): string {
  const meant = nearest(name, known)
  if (KUBERNETES.test(name)) return `${name}: unknown variable, ignored; Kubernetes sets it for a Service called ws`
  return `${name}: unknown variable, ignored${meant === undefined ? '' : `; did you mean ${meant}?`}`
}

/** Variables of the one route are of no use where a file has routes: an error, for neither would be an obvious winner. */
export function refuseBesideRoutes(
  { route, joint }: Pick<FromEnvironment, 'route' | 'joint'>,
  routes: string,
): Problem[] {
  const given = [...route].flatMap(([path, { source }]) =>
    source.kind === 'variable' ? [[source.name, path] as const] : [],
  )
  const all = new Map([...given, ...joint.map(({ name, path }) => [name, path] as const)])
  return [...all].map(([name, path]) =>
    problem(
      { variable: name },
      `cannot be used beside the routes of ${routes}: remove it, or set ${path} of a route there`,
    ),
  )
}
