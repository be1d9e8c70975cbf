/** A socket of a client that takes what is written only when told. */
import { Duplex } from 'node:stream'

/** `takeOne` takes one write, and lets what follows of it happen. */
export function slowDuplex() {
  const waiting: (() => void)[] = []
  const taken: Buffer[] = []
  const socket = new Duplex({
    allowHalfOpen: true,
    highWaterMark: 1024,
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => {
      waiting.push(() => {
        taken.push(chunk)
        done()
      })
    },
  })
  const takeOne = async () => {
    waiting.shift()?.()
    await new Promise(setImmediate)
  }
  return { socket, takeOne, taken: () => Buffer.concat(taken).toString('latin1') }
}
