/** Controls, invisible and direction-changing characters, lone surrogates: what could forge a line or steer a terminal. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** Text from the network, safe to show: at most `max` UTF-16 units and `…` where it was cut; unprintable characters become U+FFFD. */
export function bounded(text: string, max: number): string {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text
  return cut.replace(UNPRINTABLE, '\uFFFD')
}
