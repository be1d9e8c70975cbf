/** Who uses how much of each rate: the top talkers. */
import { bounded } from '../observe/bounded.ts'
import { type AdminActions, type AdminAnswer, type AdminRequest, failure } from './actions.ts'
import { readParameters } from './parameters.ts'

const TOP = 20
const MAX_TOP = 1000
const MAX_KEY = 256

/** `GET /api/limits?top=`: every limiter, and the keys that use most of their rate. */
export async function listLimits({ query }: AdminRequest, { limits: reports }: AdminActions): Promise<AdminAnswer> {
  const given = readParameters(query, ['top'])
  if (typeof given === 'string') return failure(400, given)
  const count = given.top === undefined ? TOP : Number(given.top)
  if (!Number.isInteger(count) || count < 0 || count > MAX_TOP) return failure(400, `top: expected 0 to ${MAX_TOP}`)
  const limits = (await reports(count)).map(({ name, tracked, evictions, limited, top }) => ({
    limiter: name,
    tracked,
    evictions,
    limited,
    top: top.map(({ key, share, events }) => ({ key: bounded(key, MAX_KEY), share: rounded(share), used: events })),
  }))
  return { status: 200, body: { limits } }
}

const rounded = (share: number) => Math.round(share * 1000) / 1000
