/** Takes text as it comes and passes it on in whole lines. What is left of the last line of a process that died is lost. */
export function wholeLines(write: (lines: string) => void): (chunk: string) => void {
  let rest = ''
  return (chunk) => {
    const end = chunk.lastIndexOf('\n') + 1
    if (end > 0) write(rest + chunk.slice(0, end))
    rest = end > 0 ? chunk.slice(end) : rest + chunk
  }
}
