/** Notices that a file of the configuration changed. */
import { type FSWatcher, readFileSync, watch } from 'node:fs'
import { dirname } from 'node:path'

/** Several events make one change: an editor writes, renames, sets times. */
const SETTLE_MS = 200

export interface FileWatch {
  /** Watches these files from now on, in place of those before. */
  readonly use: (files: readonly string[]) => void
  readonly close: () => void
}

/**
 * Watches the folders the files are in: a Kubernetes secret is swapped by renaming a link, which a watch of the file
 * itself misses. Contents are compared, so that other files of a folder cause nothing.
 * @param onError told once for each folder that cannot be watched
 */
export function watchFiles(onChange: () => void, onError: (message: string) => void): FileWatch {
  let files: readonly string[] = []
  let contents = ''
  let watchers: FSWatcher[] = []
  let timer: NodeJS.Timeout | undefined
  const look = () => {
    const now = read(files)
    if (now === contents) return
    contents = now
    onChange()
  }
  const stop = () => {
    clearTimeout(timer)
    for (const watcher of watchers.splice(0)) watcher.close()
  }
  const settle = () => {
    clearTimeout(timer)
    timer = setTimeout(look, SETTLE_MS)
  }
  const use = (next: readonly string[]) => {
    stop()
    files = next
    contents = read(files)
    watchers = [...new Set(files.map((file) => dirname(file)))].flatMap((folder) =>
      watchFolder(folder, settle, onError),
    )
  }
  return { use, close: stop }
}

function watchFolder(folder: string, onEvent: () => void, onError: (message: string) => void): FSWatcher[] {
  try {
    const watcher = watch(folder, { persistent: false }, onEvent)
    watcher.on('error', (error) => onError(`${folder} is no longer watched: ${error.message}`))
    return [watcher]
  } catch (error) {
    onError(`${folder} cannot be watched: ${error instanceof Error ? error.message : 'failed'}; reload with SIGHUP`)
    return []
  }
}

/** All contents as one text; a file that is missing for a moment differs from itself. */
const read = (files: readonly string[]): string =>
  files
    .map((file) => {
      try {
        return readFileSync(file, 'latin1')
      } catch {
        return '\0missing'
      }
    })
    .join('\0')
