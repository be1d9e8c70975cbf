/** Variables of a check that another variable of it would have to turn on. */
import type { Layer } from './given.ts'
import { type Problem, problem } from './problems.ts'
import type { Variable } from './variables.ts'

/** The settings that variables give the one route, without those of checks that none turns on, which are problems. */
export function withoutIdle(variables: readonly Variable[], route: Layer): { route: Layer; problems: Problem[] } {
  const ofRoute = variables.filter(({ place }) => place === 'route')
  const idle = ofRoute.flatMap((variable) => {
    const switches = ofRoute.filter(({ path, field }) => field.turnsOn && path[0] === variable.path[0])
    const isOn = switches.length === 0 || switches.some(({ path }) => route.has(path.join('.')))
    return isOn || !route.has(variable.path.join('.')) ? [] : [{ variable, switches }]
  })
  const gone = new Set(idle.map(({ variable }) => variable.path.join('.')))
  return {
    route: new Map([...route].filter(([path]) => !gone.has(path))),
    problems: idle.map(({ variable: { name, path }, switches }) => {
      const on = switches.map((other) => other.name).join(' or ')
      return problem(
        { variable: name },
        `does nothing by itself: set ${on} too, which turns the check of ${path[0]} on`,
      )
    }),
  }
}
