/** The checks of a request's form: what others read of it must have one meaning. */
import { soundPath } from '../checks/path.ts'
import { requestShape } from '../checks/shape.ts'
import type { Mode, Step } from '../policy/check.ts'
import type { Section } from './section.ts'

/**
 * Routes are told apart by the path as it is written, so where any of them has policy a second spelling of a path must
 * not lead to another route. Without policy a request passes as through a tunnel.
 * @param sections of all routes
 */
export function pathSteps(sections: readonly Section[]): Step[] {
  const policies = sections.filter(({ isPolicy }) => isPolicy)
  if (policies.length === 0) return []
  const mode = policies.some((section) => section.mode === 'enforce') ? 'enforce' : 'dry-run'
  return [{ check: 'path', mode, needs: [], judge: soundPath }]
}

/** What checks read must be there in one way only; what only checks in dry run read is a dry run too. */
export function shapeSteps(sections: readonly Section[]): Step[] {
  const enforced = readsOf(sections, 'enforce')
  const tried = readsOf(sections, 'dry-run').filter((source) => !enforced.includes(source))
  return [...shapeStep('enforce', enforced), ...shapeStep('dry-run', tried)]
}

const shapeStep = (mode: Mode, reads: readonly string[]): Step[] =>
  reads.length === 0 ? [] : [{ check: 'shape', mode, needs: [], judge: requestShape(reads) }]

/** The parts of a request that the checks of a mode read, each once; of the path there is one spelling already. */
function readsOf(sections: readonly Section[], mode: Mode): string[] {
  const reads = sections
    .filter((section) => section.mode === mode)
    .flatMap(({ definition, settings, assembly }) => definition.reads?.(settings, assembly) ?? [])
  return [...new Set(reads)].filter((source) => !source.startsWith('param:'))
}
