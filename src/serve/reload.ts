/** A reload: the new configuration is loaded whole or not at all (trap 36). */
import type { LoadResult } from '../config/load.ts'
import { formatProblem } from '../config/problems.ts'
import { type FileWatch, watchFiles } from '../config/watch.ts'
import type { Observe } from '../observe/events.ts'
import type { Serving } from './serving.ts'

export type Loaded = Extract<LoadResult, { ok: true }>
export type Reloaded = { readonly ok: true } | { readonly ok: false; readonly problems: readonly string[] }

/** Settings that are read once, at the start. */
const FIXED = [
  'listen',
  'ops',
  'admin',
  'proxyProtocol',
  'handshakeTimeout',
  'logLevel',
  'watch',
  'wire',
  'workers',
] as const

/** The configuration in force. */
export class Configuration {
  #loaded: Loaded
  readonly #load: () => LoadResult
  readonly #swap: Serving['adopt']
  readonly #observe: Observe
  readonly #files: FileWatch

  #last: Promise<unknown> = Promise.resolve()

  /** @param load loads it again @param swap puts it in force, or throws */
  constructor(loaded: Loaded, load: () => LoadResult, swap: Serving['adopt'], observe: Observe) {
    this.#loaded = loaded
    this.#load = load
    this.#swap = swap
    this.#observe = observe
    this.#files = watchFiles(
      () => void this.reload(),
      (message) => observe({ type: 'warning', message }),
    )
  }

  get loaded(): Loaded {
    return this.#loaded
  }

  /** Watches its files from now on, where it says so. */
  watch(): void {
    this.#watch(this.#loaded)
  }

  unwatch(): void {
    this.#files.close()
  }

  /** Loads it again, after those that were asked for before. */
  reload(): Promise<Reloaded> {
    const reloaded = this.#last.then(() => this.#reload())
    this.#last = reloaded.catch(() => {})
    return reloaded
  }

  async #reload(): Promise<Reloaded> {
    const next = this.#load()
    const reloaded = next.ok ? await this.#adopt(next) : this.#keep(next.problems.map(formatProblem))
    this.#watch(next)
    return reloaded
  }

  async #adopt(next: Loaded): Promise<Reloaded> {
    try {
      await this.#swap(next)
    } catch (error) {
      return this.#keep([error instanceof Error ? error.message : 'the configuration cannot be used'])
    }
    const warnings = [...this.#needRestart(next), ...next.warnings]
    this.#loaded = next
    for (const message of warnings) this.#observe({ type: 'warning', message })
    this.#observe({ type: 'reloaded' })
    return { ok: true }
  }

  /** Also the files that a configuration with problems names: one that is missing may still come. */
  #watch(latest: LoadResult): void {
    if (!this.#loaded.config.watch) return
    this.#files.use([...new Set([...this.#loaded.files, ...latest.files])])
    // A file may have changed after it was read and before it was watched.
    if (contentOf(this.#load()) !== contentOf(latest)) void this.reload()
  }

  #keep(problems: readonly string[]): Reloaded {
    this.#observe({ type: 'reload_failed', problems })
    return { ok: false, problems }
  }

  #needRestart({ config }: Loaded): string[] {
    const before = this.#loaded.config
    const turned = Boolean(config.tls) === Boolean(before.tls) ? [] : ['tls']
    const changed = FIXED.filter((setting) => JSON.stringify(config[setting]) !== JSON.stringify(before[setting]))
    return [...changed, ...turned].map((setting) => `${setting} changed: that takes a restart`)
  }
}

const contentOf = (result: LoadResult): string => JSON.stringify(result.ok ? result.config : result.problems)
