/** The demo in this process, and a client that does what its page does. */
import { once } from 'node:events'
import http from 'node:http'
import type { TestContext } from 'node:test'
import WebSocket from 'ws'
import type { Attempt } from '../../src/demo/attempt.ts'
import { type Demo, startDemo } from '../../src/demo/start.ts'

export interface Demonstrating {
  readonly demo: Demo
  /** The log as it was written. */
  readonly written: readonly string[]
}

/** Starts the demo; it is stopped when the test ends. @param port 0: any free ports */
export async function demonstrate(t: TestContext, port = 0): Promise<Demonstrating> {
  const written: string[] = []
  const demo = await startDemo({
    port,
    write: (line) => written.push(line),
    version: '0.0.0-test',
    nodeVersion: process.version,
  })
  t.after(() => demo.stop())
  return { demo, written }
}

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

/** Asks the demo's web server, as a browser that shows `site` (a host name) would. */
export async function ask(demo: Demo, path: string, site = '127.0.0.1', method = 'GET'): Promise<Answer> {
  const headers = { Host: `${site}:${demo.pagePort}` }
  const request = http.request({ host: '127.0.0.1', port: demo.pagePort, path, method, headers, agent: false }).end()
  // What 'response' brings.
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  response.setEncoding('utf8')
  let body = ''
  for await (const text of response) body += text
  return { status: response.statusCode ?? 0, headers: response.headers, body }
}

export interface Outcome {
  readonly code: number
  readonly text: string
  readonly echoes: number
}

/** Connects from the last page of the attempt, sends a message after each answer, and leaves when all are answered. */
export function replay({ url, pages, messages }: Pick<Attempt, 'url' | 'pages' | 'messages'>): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { origin: pages.at(-1) ?? '' })
    let echoes = 0
    socket.on('open', () => socket.send('message'))
    socket.on('message', () => {
      echoes++
      if (echoes < messages) socket.send('message')
      else socket.close(1000)
    })
    socket.on('close', (code, reason) => resolve({ code, text: reason.toString(), echoes }))
    socket.on('error', reject)
  })
}
