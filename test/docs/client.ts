/** The reconnecting client that the documents offer, with its types. */

export type Connect = (
  address: (fresh: boolean) => Promise<string>,
  options: {
    readonly onMessage: (data: unknown) => void
    readonly onState: (state: 'open' | 'waiting' | 'stopped', event?: { code: number; reason: string }) => void
    readonly firstWait?: number
    readonly longestWait?: number
    readonly settled?: number
  },
) => { readonly send: (data: string) => void; readonly stop: () => void }

export const CLIENT = new URL('../../docs/reconnect.js', import.meta.url)

// A module of JavaScript has no types; this is what it exports.
export const { connect } = (await import(CLIENT.href)) as { connect: Connect }
