/** What a frame costs in a direction between two wires that do nothing: with nobody reading it, and with a policy that does. */
import { encodeFrame } from '../src/frames/writer.ts'
import type { MessageStep } from '../src/policy/check.ts'
import type { Connection } from '../src/policy/connection.ts'
import { MessageInspector } from '../src/policy/inspect-message.ts'
import { pass } from '../src/policy/verdict.ts'
import { Direction } from '../src/proxy/direction.ts'
import { MessageMemory } from '../src/proxy/message-memory.ts'
import { Reading } from '../src/proxy/reading.ts'

const nothing = () => {}

const wire = { write: () => true, queued: () => 0, destroy: nothing, pause: nothing, resume: nothing, end: nothing }

const step: MessageStep = {
  check: 'bench',
  mode: 'enforce',
  id: 'bench',
  maxBytes: 1 << 20,
  begin: () => () => pass,
  exceeding: { action: 'close', maxDelay: 0 },
}

/** Relays one frame of the client with `length` bytes. */
export function frameRelay(length: number, read: 'read' | 'not read'): () => void {
  const direction = new Direction(
    {
      sender: 'client',
      rsv: { first: 0, other: 0, opaque: false },
      check: 'nothing',
      now: () => 7,
      later: () => ({ cancel: nothing }),
      from: wire,
      to: wire,
    },
    {
      judge: () => undefined,
      message: nothing,
      forwarded: nothing,
      stalled: nothing,
      refused: nothing,
      violated: () => 'stop',
      closed: nothing,
      answered: nothing,
    },
  )
  if (read === 'read') direction.intake.reading = reading()
  const chunk = encodeFrame(1, Buffer.alloc(length, 'a'), 'upstream')
  return () => direction.receive(chunk)
}

function reading(): Reading {
  // It judges by nothing of its connection.
  const connection = {} as Partial<Connection> as Connection
  const inspector = new MessageInspector(connection, [step], { found: nothing, taken: nothing }, 'every')
  return new Reading({
    sender: 'client',
    inspector,
    memory: new MessageMemory(1 << 20),
    payloads: 'alone',
    began: 'first',
  })
}
