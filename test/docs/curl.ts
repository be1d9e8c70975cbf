/**
 * What the documents use of curl, so that their commands run on a machine with nothing but Node: an option that is not
 * listed is an error, not a guess.
 */
import process from 'node:process'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    silent: { type: 'boolean', short: 's' },
    request: { type: 'string', short: 'X' },
    header: { type: 'string', short: 'H', multiple: true, default: [] },
    data: { type: 'string', short: 'd' },
  },
})

const [place = '', ...more] = positionals
if (more.length > 0) throw new Error(`curl: one address, got ${positionals.join(' ')}`)
const url = new URL(/^\w+:\/\//.test(place) ? place : `http://${place}`)
const headers = new Headers(
  values.header.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  }),
)
const { data } = values
if (data !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/x-www-form-urlencoded')
const method = values.request ?? (data === undefined ? 'GET' : 'POST')
const response = await fetch(url, { method, headers, ...(data === undefined ? {} : { body: data }) })
const text = await response.text()
// Without -f curl itself would print the error and succeed: what a page shows is meant to work.
if (!response.ok) {
  process.stderr.write(`${method} ${url}: ${response.status} ${text}\n`)
  process.exitCode = 22
} else process.stdout.write(text)
