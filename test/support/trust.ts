/** Whose word is taken for a client's address, as a configuration says. */
import { parseTrusted } from '../../src/net/cidr.ts'
import type { Trust } from '../../src/policy/policy.ts'

/** Entries of `trustedProxies`; the rest has its default unless given. */
export const trusting = (entries: readonly string[], more: Partial<Omit<Trust, 'trusts'>> = {}): Trust => ({
  ...parseTrusted(entries),
  forwardedHeader: 'x-forwarded-for',
  ipv6Prefix: 64,
  ...more,
})
