/** Whether a load balancer should send clients here. */
import type { Readiness } from '../ops/server.ts'
import type { Liveness } from '../proxy/liveness.ts'
import type { Serving } from './serving.ts'

/**
 * Ready: started, not draining, and at least one backend accepts connections.
 * That most clients seem to be one is no reason to get none, but to look.
 */
export async function readiness(
  state: 'starting' | 'draining' | 'serving',
  liveness: Liveness,
  { problems, oneClient }: Pick<Serving, 'problems' | 'oneClient'>,
): Promise<Readiness> {
  if (state !== 'serving') return { ready: false, problems: [state] }
  const own = problems()
  if (own.length > 0) return { ready: false, problems: own }
  const states = await liveness.check()
  if (states.some(({ up }) => up)) {
    const address = oneClient()
    return {
      ready: true,
      problems: address === undefined ? [] : [`most clients seem to be ${address}: see the log`],
    }
  }
  return { ready: false, problems: states.map(({ label }) => `upstream ${label} does not accept connections`) }
}
