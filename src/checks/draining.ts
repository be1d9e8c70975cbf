/** Whether the process still takes connections. */
import type { HandshakeCheck } from '../policy/check.ts'
import { passed, refuse } from '../policy/verdict.ts'

const TAKES = passed('the process takes connections')

export const notDraining =
  (isDraining: () => boolean): HandshakeCheck =>
  () =>
    isDraining() ? refuse('shutting_down', 'the process is draining') : TAKES
