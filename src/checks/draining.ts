/** Whether the process still takes connections. */
import type { HandshakeCheck } from '../policy/check.ts'
import { pass, refuse } from '../policy/verdict.ts'

export const notDraining =
  (isDraining: () => boolean): HandshakeCheck =>
  () =>
    isDraining() ? refuse('shutting_down', 'the process is draining') : pass
