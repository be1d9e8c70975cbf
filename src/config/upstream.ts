import { parseUpstream } from '../net/upstream.ts'
import { list } from '../settings/list.ts'
import { parsed } from '../settings/parsed.ts'
import { text } from '../settings/text.ts'

/** Where the backend is: http, https or unix:/path, one or several (taken in turn, the next where one cannot be reached). */
export const upstream = () =>
  list(parsed(text(), parseUpstream)).refine((all) => all.length > 0, 'expected an upstream')
