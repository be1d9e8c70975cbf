/** Variables that say a setting of the one route in words of their own: a number of seconds, or two that make one rate. */
import type { Given } from './given.ts'
import { type Problem, problem, short } from './problems.ts'

interface Joint {
  readonly names: readonly [string, string?]
  /** The settings that they may make: the first where the route has a token, else the last. */
  readonly paths: readonly string[]
  /** The value as a file would say it; undefined where those that are set make none. */
  readonly value: (numbers: readonly [number | undefined, number | undefined]) => unknown
  /** What is said where they make none. */
  readonly warning: string
}

const DEFAULT_WINDOW_SECONDS = 60

const inSeconds = ([seconds]: readonly (number | undefined)[]) => (seconds === undefined ? undefined : `${seconds}s`)

const JOINTS: readonly Joint[] = [
  {
    names: ['WS_RATE_LIMIT_PER_IP', 'WS_RATE_LIMIT_WINDOW'],
    paths: ['limits.handshakes.perIp'],
    value: ([count, seconds = DEFAULT_WINDOW_SECONDS]) => (count === undefined ? undefined : `${count}/${seconds}s`),
    warning: 'WS_RATE_LIMIT_WINDOW: limits nothing by itself; set WS_RATE_LIMIT_PER_IP too',
  },
  {
    names: ['WS_MAX_MESSAGES_PER_SECOND', 'WS_MAX_MESSAGES_PER_MINUTE'],
    paths: ['limits.messages.perUser', 'limits.messages.perConnection'],
    value: ([second, minute]) => [
      ...(second === undefined ? [] : [`${second}/s`]),
      ...(minute === undefined ? [] : [`${minute}/min`]),
    ],
    warning: '',
  },
  { names: ['WS_PING_INTERVAL_SECONDS'], paths: ['session.ping'], value: inSeconds, warning: '' },
  { names: ['WS_PONG_TIMEOUT_SECONDS'], paths: ['session.pong'], value: inSeconds, warning: '' },
]

/** A variable that is set, and the setting of a route that it makes, alone or with another. */
interface SetVariable {
  readonly name: string
  readonly path: string
}

function written(names: Joint['names']): string[] {
  return names.filter((name) => name !== undefined)
}

export interface FromJoint {
  /** Settings of the one route, by their path within it. */
  readonly route: ReadonlyMap<string, Given>
  readonly set: readonly SetVariable[]
  readonly problems: readonly Problem[]
  readonly warnings: readonly string[]
}

/** Every variable here, with the paths of the settings that it may make. */
export const JOINT_VARIABLES: ReadonlyMap<string, readonly string[]> = new Map(
  JOINTS.flatMap(({ names, paths }) => written(names).map((name) => [name, paths] as const)),
)

/**
 * @param read a variable's value; undefined where it is not set, or blank
 * @param hasToken whether the route has a token, which names users
 */
export function readJoint(read: (name: string) => string | undefined, hasToken: boolean): FromJoint {
  const all = JOINTS.map((joint) => readOne(joint, read, hasToken))
  return {
    route: new Map(all.flatMap(({ given }) => given)),
    set: all.flatMap(({ set }) => set),
    problems: all.flatMap(({ problems }) => problems),
    warnings: all.flatMap(({ warnings }) => warnings),
  }
}

function readOne(
  { names, paths, value, warning }: Joint,
  read: (name: string) => string | undefined,
  hasToken: boolean,
) {
  const path = (hasToken ? paths[0] : paths.at(-1)) ?? ''
  const set = written(names)
    .filter((name) => read(name) !== undefined)
    .map((name) => ({ name, path }))
  const problems = set.flatMap(({ name }) => complaint(name, read(name) ?? ''))
  const first = set[0]
  if (!first || problems.length > 0) return { given: [], set, problems, warnings: [] }
  const [one, other] = names
  const made = value([numberOf(read(one)), other === undefined ? undefined : numberOf(read(other))])
  if (made === undefined) return { given: [], set, problems, warnings: [warning] }
  const spelling = path.slice(path.lastIndexOf('.') + 1)
  const given: Given = { spelling, value: made, source: { kind: 'variable', name: first.name } }
  return { given: [[path, given] as const], set, problems, warnings: [] }
}

const numberOf = (text: string | undefined) => (text === undefined ? undefined : Number(text))

function complaint(name: string, text: string): Problem[] {
  if (/^\d{1,9}$/.test(text.trim()) && Number(text) > 0) return []
  return [problem({ variable: name }, `expected a whole number from 1, got ${JSON.stringify(short(text))}`)]
}
