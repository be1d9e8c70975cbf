/** Whether a load balancer should send clients here. */
import type { Readiness } from '../ops/server.ts'
import type { Liveness } from '../proxy/liveness.ts'

/**
 * Ready: started, not draining, and at least one backend accepts connections.
 * @param oneClient the address that most clients seem to have: no reason to get none, but to look
 */
export async function readiness(
  state: 'starting' | 'draining' | 'serving',
  liveness: Liveness,
  oneClient: string | undefined,
): Promise<Readiness> {
  if (state !== 'serving') return { ready: false, problems: [state] }
  const states = await liveness.check()
  if (states.some(({ up }) => up)) {
    return {
      ready: true,
      problems: oneClient === undefined ? [] : [`most clients seem to be ${oneClient}: see the log`],
    }
  }
  return { ready: false, problems: states.map(({ label }) => `upstream ${label} does not accept connections`) }
}
