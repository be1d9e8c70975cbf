/** The messages' section of `docs/benchmarks.md`, out of measured results alone. */
import { markdownTable } from './document.ts'

/** What judging a message may cost beside its parse, in nanoseconds. */
export const GOAL_NS = 3000

/** One way to judge messages, for each message in nanoseconds of processor time. */
export interface JudgedMessage {
  readonly name: string
  /** All of it, the parse included where there is one. */
  readonly judgedNs: number
  /** `JSON.parse` of the same messages, from their bytes; 0 where nothing is parsed. */
  readonly parseNs: number
}

/** What a run of the suite `messages` leaves. */
export interface MessageResults {
  /** The day, ISO 8601. */
  readonly date: string
  readonly command: string
  readonly machine: readonly string[]
  readonly rounds: number
  readonly judged: readonly JudgedMessage[]
  /** A frame of 200 bytes from one wire to another, without what wires and checks cost. */
  readonly frameNs: { readonly unread: number; readonly read: number }
}

export function messagesSection({ date, command, machine, rounds, judged, frameNs }: MessageResults): string {
  return [
    `Taken ${date} with \`${command}\`: ${machine.join(', ')}. Medians of ${rounds} rounds, nanoseconds for each message.`,
    markdownTable(
      ['what is judged', 'all of it', 'its parse', 'beside that', `≤ ${GOAL_NS}`],
      judged.map(({ name, judgedNs, parseNs }) => {
        const beside = judgedNs - parseNs
        return [
          name,
          shown(judgedNs),
          parseNs === 0 ? '' : shown(parseNs),
          shown(beside),
          beside <= GOAL_NS ? 'yes' : '**no**',
        ]
      }),
    ),
    markdownTable(
      ['a frame of 200 bytes on its way, wires and checks aside', 'ns'],
      [
        ['nobody reads it', shown(frameNs.unread)],
        ['a policy reads it: unmasked, and handed over', shown(frameNs.read)],
      ],
    ),
  ].join('\n\n')
}

const shown = (ns: number) => String(Math.round(ns))
