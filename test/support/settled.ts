/** Resolves with a number once it has not changed for 50 looks. */
export async function settled(look: () => number): Promise<number> {
  let last = look()
  for (let same = 0; same < 50; ) {
    await new Promise((resolve) => setTimeout(resolve, 2))
    const now = look()
    same = now === last && now > 0 ? same + 1 : 0
    last = now
  }
  return last
}
