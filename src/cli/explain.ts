/** `wsluice explain`: judges one handshake with the proxy's own engine, without a connection, and says what would change it. */
import { isIP } from 'node:net'
import { assemble } from '../assemble.ts'
import { createAsker } from '../authorization/ask.ts'
import { createAuthorization } from '../authorization/authorization.ts'
import type { Flags } from '../config/flags.ts'
import { printable, short } from '../config/problems.ts'
import { Counts } from '../limits/counts.ts'
import { Limiters } from '../limits/limiters.ts'
import { admitOrWait } from '../policy/admit.ts'
import { describe, type RawRequest } from '../proxy/describe.ts'
import { keepKeySets } from '../tokens/kept-key-sets.ts'
import { holdsJwt } from '../tokens/looks-like-jwt.ts'
import { Revocations } from '../tokens/revocations.ts'
import { shownUrl } from '../tokens/shown-url.ts'
import { TicketTable } from '../tokens/tickets.ts'
import { explain, formatExplained } from './explained.ts'
import { loadOrComplain } from './load.ts'
import { EXIT, type Terminal } from './terminal.ts'

export interface ExplainFlags extends Flags {
  readonly url: string
  readonly header: readonly string[]
  readonly peer: string
  readonly json?: boolean | undefined
}

export async function explainCommand(terminal: Terminal, flags: ExplainFlags): Promise<number> {
  const request = readRequest(flags)
  if (typeof request === 'string') {
    terminal.complain(request)
    return EXIT.usage
  }
  const loaded = loadOrComplain(terminal, flags)
  if (!loaded) return EXIT.usage
  const now = () => Date.now()
  const clock = () => performance.now()
  const asker = createAsker()
  const policy = assemble(loaded.config, {
    counts: new Counts(),
    candidateCounts: new Counts(),
    limiters: new Limiters(),
    keySet: keepKeySets(globalThis.fetch, now, () => {}),
    // Asked as the proxy would ask it: what it answers is what decides.
    authorization: (settings) => createAuthorization(settings, { asker, clock, onEvent: () => {} }),
    revocations: new Revocations(),
    tickets: new TicketTable(),
    isDraining: () => false,
    upstreams: (all) => all.map(({ label }) => label),
  })
  const admission = await admitOrWait(describe(request, policy.trust, { at: now(), clock: clock() }), policy)
  asker.close()
  const explained = explain(admission, policy.answers, loaded.effective)
  terminal.print(flags.json ? `${JSON.stringify(explained, undefined, 2)}\n` : formatExplained(explained))
  return admission.granted ? EXIT.ok : EXIT.refused
}

/** A URL, or a path alone; what follows `#` is never sent. */
const URL_PARTS = /^(?:(wss?|https?):\/\/([^/?#]+))?([/?][^#]*)?(?:#.*)?$/i

/** A URL that is none, for an error: what may be a token in it is not repeated. */
function shown(url: string): string {
  const bare = url.replace(/[?#].*$/s, '')
  return holdsJwt(bare) ? 'a token' : short(printable(shownUrl(bare)))
}

/** The request a URL and headers stand for, or what is wrong with them. The target stays as it was written. */
function readRequest({ url, header, peer }: ExplainFlags): RawRequest | string {
  const parts = url === '' ? null : URL_PARTS.exec(url)
  if (!parts) return `--url: expected a URL such as wss://host/path?token=…, got ${shown(url)}`
  const [, scheme = 'ws', host = 'localhost', target = '/'] = parts
  if (peer !== 'unix' && isIP(peer) === 0)
    return `--peer: expected an address such as 203.0.113.9, or unix, got ${peer}`
  const lines = header.map((line) => /^([^:\s]+):\s*(.*)$/.exec(line))
  const bad = lines.indexOf(null)
  // What was typed may be a token without the name before it.
  if (bad >= 0) return `--header: expected 'Name: value', which number ${bad + 1} is not`
  const given = lines.flatMap((line) => [line?.[1] ?? '', line?.[2] ?? ''])
  const hasHost = lines.some((line) => line?.[1]?.toLowerCase() === 'host')
  return {
    target: target.startsWith('?') ? `/${target}` : target,
    rawHeaders: hasHost ? given : ['Host', host, ...given],
    remoteAddress: peer === 'unix' ? undefined : peer,
    encrypted: /^(?:wss|https)$/i.test(scheme),
  }
}
