/** Whether a load balancer should send clients here. */
import type { Readiness } from '../ops/server.ts'
import type { Liveness } from '../proxy/liveness.ts'

/** Ready: started, not draining, and at least one backend accepts connections. */
export async function readiness(state: 'starting' | 'draining' | 'serving', liveness: Liveness): Promise<Readiness> {
  if (state !== 'serving') return { ready: false, problems: [state] }
  const states = await liveness.check()
  if (states.some(({ up }) => up)) return { ready: true, problems: [] }
  return { ready: false, problems: states.map(({ label }) => `upstream ${label} does not accept connections`) }
}
