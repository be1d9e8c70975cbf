/** Pings of ours to a client, and the pongs that answer them: those alone are swallowed (trap 18). */
import { randomBytes } from 'node:crypto'
import { OPCODE } from '../frames/frame.ts'
import type { FrameReader } from '../frames/reader.ts'
import { encodeFrame } from '../frames/writer.ts'

const NONCE_LENGTH = 8
/** The nonce, and the number of the ping. */
const PAYLOAD_LENGTH = NONCE_LENGTH + 4

export class Heartbeat {
  /** Nobody else's payload begins so. */
  #nonce: Buffer | undefined
  #sent = 0
  #answered = 0

  /** The next ping, a whole frame. */
  ping(): Buffer {
    this.#nonce ??= randomBytes(NONCE_LENGTH)
    const payload = Buffer.allocUnsafe(PAYLOAD_LENGTH)
    this.#nonce.copy(payload)
    this.#sent++
    payload.writeUInt32BE(this.#sent, NONCE_LENGTH)
    return encodeFrame(OPCODE.ping, payload, 'client')
  }

  /**
   * Whether the frame that was just read, which ends at `end` of its chunk, is the pong to a ping that was not answered
   * yet. That is then answered, with all before it (RFC 6455 section 5.5.3): the same pong again is the client's own.
   * Such a pong is not judged, nor forwarded.
   */
  isAnswer(reader: FrameReader, chunk: Uint8Array, end: number): boolean {
    const { opcode, length } = reader.frame
    if (opcode !== OPCODE.pong || length !== PAYLOAD_LENGTH || this.#answered === this.#sent || !this.#nonce)
      return false
    const pong = reader.pong(chunk, end)
    if (this.#nonce.compare(pong, 0, NONCE_LENGTH) !== 0) return false
    const number = new DataView(pong.buffer).getUint32(NONCE_LENGTH)
    if (number <= this.#answered || number > this.#sent) return false
    this.#answered = number
    return true
  }
}
