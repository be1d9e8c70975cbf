/** How many bytes all connections together keep of messages that policies read and that are not whole yet. */
export class MessageMemory {
  /** A reload may change it. */
  most: number
  #held = 0

  constructor(most: number) {
    this.most = most
  }

  get held(): number {
    return this.#held
  }

  /** False where there is no room for so many more: nothing is taken then. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.most) return false
    this.#held += bytes
    return true
  }

  give(bytes: number): void {
    this.#held -= bytes
  }
}
