/** What a command has of the process it runs in; only the entry file knows the process itself. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Standard output; the text brings its own line ends. */
  readonly print: (text: string) => void
  /** Standard error: one line that says what to do. */
  readonly complain: (line: string) => void
  /** Calls back on each signal of a name. */
  readonly onSignal: (name: 'SIGTERM' | 'SIGINT' | 'SIGHUP', run: () => void) => void
  readonly version: string
  readonly nodeVersion: string
}

/** What a process says when it ends (contract section 1). */
export const EXIT = { ok: 0, failed: 1, usage: 2, refused: 3 } as const
