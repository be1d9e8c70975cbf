/** Which wire this process uses: decided once, at the start. */

import { loadParser } from './accepted-handle.ts'
import { acceptedSelfTest } from './accepted-self-test.ts'
import { rawSelfTest } from './raw-self-test.ts'
import type { Transport } from './wire.ts'
import { fastWire } from './wire-fast.ts'
import { loadBinding } from './wire-handle.ts'
import { portableWire } from './wire-portable.ts'
import { selfTest } from './wire-self-test.ts'

export type WireName = 'portable' | 'fast'

export interface WireChoice extends Transport {
  readonly name: WireName
  /** Why it is not the fast one, where nobody asked for that. */
  readonly because?: string
}

const PORTABLE: WireChoice = { name: 'portable', make: portableWire, isRaw: false }

/** TLS, and sockets that already hold bytes, are for the portable one. */
const FAST: WireChoice = {
  name: 'fast',
  make: (side, events) => fastWire(side, events) ?? portableWire(side, events),
  isRaw: true,
}

let tested: Promise<string | undefined> | undefined

/** What keeps this Node from the fast wire; undefined where nothing does. Found out once a process. */
function whyNotFast(): Promise<string | undefined> {
  tested ??= tryFast()
  return tested
}

async function tryFast(): Promise<string | undefined> {
  try {
    loadBinding()
    loadParser()
  } catch (error) {
    return error instanceof Error ? error.message : 'the stream binding cannot be loaded'
  }
  return (await selfTest(fastWire)) ?? (await rawSelfTest(fastWire)) ?? (await acceptedSelfTest(fastWire))
}

/** The one that another process of the same program has chosen: it was tested there. */
export function chosenWire(name: WireName): Transport {
  if (name === 'portable') return PORTABLE
  loadBinding()
  loadParser()
  return FAST
}

/**
 * @param wanted `auto`: the fast one where it passes its self-test. `fast`: rejects where it does not.
 * @param whyNot what the self-test says
 */
export async function chooseWire(wanted: WireName | 'auto', whyNot = whyNotFast): Promise<WireChoice> {
  if (wanted === 'portable') return PORTABLE
  const because = await whyNot()
  if (because === undefined) return FAST
  if (wanted === 'auto') return { ...PORTABLE, because }
  throw new Error(`wire: fast does not work on this Node (${because}); set it to auto or portable`)
}
