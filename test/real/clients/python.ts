/** The client of Python's `websockets`, in a process of its own. */
import { fileURLToPath } from 'node:url'
import { PYTHON, startChild } from '../../support/children.ts'
import type { Client } from './client.ts'

const SCRIPT = fileURLToPath(new URL('../python/client.py', import.meta.url))

/** An answer of `client.py`. */
type Answer = { readonly number: number } & ({ readonly result: unknown } | { readonly error: string })

export function pythonClient(): Client {
  const child = startChild(PYTHON, [SCRIPT])
  const waiting = new Map<number, (answer: Answer) => void>()
  let last = 0
  child.onLine((line) => {
    // `client.py` says nothing else.
    const answer = JSON.parse(line) as Answer
    waiting.get(answer.number)?.(answer)
    waiting.delete(answer.number)
  })
  const call =
    <Name extends keyof Client>(name: Name) =>
    async (options: object): Promise<Result<Name>> => {
      const number = ++last
      const answer = await new Promise<Answer>((resolve) => {
        waiting.set(number, resolve)
        child.process.stdin?.write(`${JSON.stringify([number, name, options])}\n`)
      })
      if ('error' in answer) throw new Error(answer.error)
      // client.py answers each call in the shape of its namesake here.
      return answer.result as Result<Name>
    }
  return {
    name: 'Python',
    can: { fragment: true, ping: true, refuseCompression: true },
    open: call('open'),
    echo: call('echo'),
    say: call('say'),
    ping: call('ping'),
    close: call('close'),
    told: call('told'),
    stop: child.stop,
  }
}

type Result<Name extends keyof Client> = Client[Name] extends (...options: never[]) => Promise<infer Value>
  ? Value
  : never
