/** Whether this user may open this resource: a claim equals a part of the URL. Each entry must hold. */
import { z } from 'zod'
import { passed, refuse } from '../policy/verdict.ts'
import { text } from '../settings/text.ts'
import { inexactClaim, isInexact } from '../tokens/claims.ts'
import { defineCheck, section } from './define.ts'
import { valueSource } from './value.ts'

const entry = section({
  claim: text().meta({ doc: 'The claim compared.' }),
  equals: valueSource('param', 'query').meta({ doc: 'What it must equal: `param:NAME` of the path, or `query:NAME`.' }),
})

export const authorize = defineCheck({
  key: 'authorize',
  place: 'route',
  doc: 'Whether this user may open this resource; every entry must hold.',
  settings: z.array(entry),
  many: true,
  needs: ['claims'],
  reads: (entries) => entries.map(({ equals }) => equals.text),
  problems: (entries, { hasToken, params }) => {
    if (!hasToken) return [{ path: [], message: 'a claim stands in a token: the route needs a token section' }]
    return entries.flatMap(({ equals }, index) =>
      equals.kind === 'param' && !params.includes(equals.name)
        ? [{ path: [index, 'equals'], message: `the path of the route has no :${equals.name}` }]
        : [],
    )
  },
  onHandshake: (entries) => (connection) => {
    for (const { claim, equals } of entries) {
      const held = connection.claims?.[claim]
      if (isInexact(held)) return refuse('access_denied', inexactClaim(claim))
      const wanted = equals.read(connection)
      const isHeld = wanted !== undefined && wanted !== '' && isScalar(held) && String(held) === wanted
      if (!isHeld) return refuse('access_denied', `claim ${claim} does not equal ${equals.text}`)
    }
    return passed(entries.map(({ claim, equals }) => `claim ${claim} equals ${equals.text}`).join(', '))
  },
})

const isScalar = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number'
