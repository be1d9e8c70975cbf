/** Which pages may connect, by the Origin header that browsers send (RFC 6455 section 10.2). */
import { z } from 'zod'
import { compileOrigins } from '../net/origin.ts'
import { passed, refuse } from '../policy/verdict.ts'
import { list } from '../settings/list.ts'
import { parsed } from '../settings/parsed.ts'
import { text } from '../settings/text.ts'
import { defineCheck, section } from './define.ts'

const pattern = () =>
  parsed(text(), (value) => {
    compileOrigins([value])
    return value
  })

export const origin = defineCheck({
  key: 'origin',
  place: 'route',
  doc: 'Which pages may connect, by the Origin header.',
  settings: section({
    allow: list(pattern()).meta({
      doc: 'Origins admitted: `https://app.example.com`, `https://*.example.com` (subdomains at any depth, not the apex), `null`, or `same` (Origin equals Host).',
      env: 'WS_ALLOWED_ORIGINS',
      turnsOn: true,
    }),
    missing: z
      .enum(['reject', 'allow'])
      .prefault('reject')
      .meta({ doc: 'Clients without an Origin header (not browsers): `reject` or `allow`.' }),
  }),
  reads: () => ['header:origin'],
  onHandshake: ({ allow, missing }) => {
    const allows = compileOrigins(allow)
    return (connection) => {
      const lines = connection.header('origin')
      const value = lines[0]
      if (value === undefined) {
        return missing === 'allow' ? passed('no Origin header') : refuse('origin_missing', 'no Origin header')
      }
      const isAllowed = lines.length === 1 && allows(value, connection.host)
      return isAllowed
        ? passed(`Origin ${value}`)
        : refuse('origin_not_allowed', `Origin ${value} is not in origin.allow`)
    }
  },
})
