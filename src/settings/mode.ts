import { z } from 'zod'

/** Whether refusals count: `enforce`, or `dry-run`: judged and reported only. */
export const mode = () => z.enum(['enforce', 'dry-run'])
