import { z } from 'zod'
import { parsed } from './parsed.ts'

/** Where a server listens: a TCP port on a host (no host: every address, both families), or a unix socket. */
export type Listen = { readonly host?: string; readonly port: number } | { readonly path: string }

const EXPECTED = 'expected :port, host:port, "[v6]:port" or unix:/path'

/** Parses a listen address. Throws what was expected. */
export function parseListen(text: string): Listen {
  if (text.startsWith('unix:/')) return { path: text.slice('unix:'.length) }
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]]*)):(\d{1,5})$/.exec(text.trim())
  const port = Number(match?.[3])
  if (!match || port > 65535) throw new Error(EXPECTED)
  const host = match[1] ?? match[2]
  return host ? { host, port } : { port }
}

/** The address as it is written in the configuration. */
export function formatListen(listen: Listen): string {
  if ('path' in listen) return `unix:${listen.path}`
  const host = listen.host ?? ''
  return `${host.includes(':') ? `[${host}]` : host}:${listen.port}`
}

/** A listen address; a bare port number is taken as `:port`. */
export const listen = () =>
  parsed(z.union([z.string(), z.number()], EXPECTED), (value) =>
    parseListen(/^\d+$/.test(String(value)) ? `:${value}` : String(value)),
  ).meta({ words: 'address' })

/** A listen address, or `off`. */
export const listenOrOff = () =>
  parsed(z.union([z.string(), z.number(), z.literal(false)], `${EXPECTED}, or off`), (value) => {
    if (value === false || value === 'off') return 'off' as const
    return parseListen(/^\d+$/.test(String(value)) ? `:${value}` : String(value))
  }).meta({ words: 'address, or off' })
