/** Which addresses may connect: the client's own, behind trusted proxies. */
import { compileCidrs, parseCidr } from '../net/cidr.ts'
import { passed, refuse } from '../policy/verdict.ts'
import { list } from '../settings/list.ts'
import { parsed } from '../settings/parsed.ts'
import { text } from '../settings/text.ts'
import { defineCheck, section } from './define.ts'

const network = () =>
  parsed(text(), (value) => {
    parseCidr(value)
    return value
  })

export const address = defineCheck({
  key: 'address',
  place: 'route',
  doc: 'Which client addresses may connect. An entry is an address, a CIDR, or `loopback`, `private`, `linklocal`.',
  settings: section({
    allow: list(network()).optional().meta({ doc: 'Admitted, and no others; without it, all.' }),
    deny: list(network()).optional().meta({ doc: 'Refused, whatever `allow` says.' }),
  }),
  early: true,
  problems: ({ allow, deny }) =>
    allow || deny ? [] : [{ path: [], message: 'judges nothing: give it allow, deny or both' }],
  onHandshake: ({ allow, deny = [] }) => {
    const isAllowed = allow ? compileCidrs(allow) : () => true
    const isDenied = compileCidrs(deny)
    return ({ ip }) => {
      if (isDenied(ip)) return refuse('address_not_allowed', `${ip} is in address.deny`)
      return isAllowed(ip) ? passed(`address ${ip}`) : refuse('address_not_allowed', `${ip} is not in address.allow`)
    }
  },
})
