/** Two self-signed certificates for localhost, made for these tests; their keys protect nothing. */
import { readFileSync } from 'node:fs'

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8')

export const FIRST = { cert: read('first.cert.pem'), key: read('first.key.pem') }
export const SECOND = { cert: read('second.cert.pem'), key: read('second.key.pem') }
