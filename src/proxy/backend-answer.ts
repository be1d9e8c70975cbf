/** The backend's answer to an upgrade, passed on as it is. */
import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { withoutClientContext } from '../frames/extensions.ts'
import type { FrameStep, MessageStep } from '../policy/check.ts'
import type { Connection } from '../policy/connection.ts'
import type { RoutePolicy } from '../policy/policy.ts'
import type { Switch } from './dialled.ts'
import { endToEnd, isNamed, pairs, valuesOf } from './headers.ts'
import type { Linger } from './linger.ts'
import type { Opened, Upgrade } from './pending-upgrade.ts'
import { type StallTiming, taken, watchStall } from './stall.ts'

/** Its 101, with all its headers. Its subprotocol passes, unless that is a token, or the client would be left without any. */
export function switchAnswer(response: Switch, { protocols }: Connection, route: RoutePolicy): Buffer {
  const chosen = valuesOf(response.rawHeaders, 'sec-websocket-protocol')
  const instead = insteadOf(chosen, protocols, route)
  const headers = endToEnd(response.rawHeaders)
  let head = `HTTP/1.1 101 ${response.statusMessage || 'Switching Protocols'}\r\n${SWITCHING}`
  for (let index = 0; index + 1 < headers.length; index += 2) {
    // The loop's bound.
    const [name, value] = [headers[index] as string, headers[index + 1] as string]
    if (instead !== undefined && isNamed(name, 'sec-websocket-protocol')) continue
    head += `${name}: ${isNamed(name, 'sec-websocket-extensions') ? extensionsTold(value, route) : value}\r\n`
  }
  for (const protocol of instead ?? []) head += `Sec-WebSocket-Protocol: ${protocol}\r\n`
  return Buffer.from(`${head}\r\n`, 'latin1')
}

const SWITCHING = 'Upgrade: websocket\r\nConnection: Upgrade\r\n'

/** What in a 101 is not what the client was told before it; undefined: they agree. */
export function disagreement({ rawHeaders }: Switch, { protocol }: Opened): string | undefined {
  const chosen = valuesOf(rawHeaders, 'sec-websocket-protocol').join(', ')
  if (chosen !== (protocol ?? '')) return `the backend chose the subprotocol "${chosen}", not "${protocol ?? ''}"`
  const extensions = valuesOf(rawHeaders, 'sec-websocket-extensions').join(', ')
  return extensions === '' ? undefined : 'the backend chose an extension that was not offered'
}

/** The extensions of a 101 as the client is told of them: where messages may vanish, no other refers to them (trap 17). */
export function extensionsTold(value: string, { frames, messages, refresh }: RoutePolicy): string {
  const steps = messages ? [...frames, messages] : frames
  return steps.some(drops) || refresh?.step.mode === 'enforce' ? withoutClientContext(value) : value
}

const drops = ({ mode, exceeding }: FrameStep | MessageStep) =>
  mode === 'enforce' && (exceeding?.action === 'drop' || exceeding?.action === 'error')

/** What stands in for the backend's choice, or nothing; undefined where that passes as it is (contract section 8, Tokens). */
function insteadOf(
  chosen: readonly string[],
  offered: readonly string[],
  route: RoutePolicy,
): readonly string[] | undefined {
  if (offered.length === 0) return undefined
  const tokens = route.tokenProtocols(offered)
  const isToken = chosen.some((choice) => [...tokens].some((index) => offered[index] === choice))
  // A client that offered nothing but its token closes a connection whose answer names no subprotocol.
  const hasOther = offered.some((item, index) => !tokens.has(index) && item.toLowerCase() !== 'bearer')
  const isLeftOut = chosen.length === 0 && tokens.size > 0 && !hasOther
  if (!isToken && !isLeftOut) return undefined
  return offered.filter((item) => item.toLowerCase() === 'bearer').slice(0, 1)
}

/**
 * Any other answer: an ordinary response, after which the connection ends (trap 4: what follows is never for the backend).
 * What the client still sends is discarded; that it leaves, or that nothing moves, ends both. Resolves when the answer has
 * been passed on, or broke off; never rejects.
 */
export async function relayAnswer(
  response: IncomingMessage,
  { socket }: Pick<Upgrade, 'socket'>,
  context: StallTiming & { readonly linger: Linger },
): Promise<void> {
  const leave = () => void socket.destroy()
  const moved = () => response.socket.bytesRead + taken(socket)
  const watch = watchStall(context, moved, leave)
  socket.once('end', leave)
  socket.write(answerHead(response))
  socket.resume()
  try {
    await pipeline(response, socket)
    socket.off('end', leave)
    context.linger.hold(socket)
  } catch {
    socket.destroy()
  } finally {
    watch.cancel()
  }
}

function answerHead(response: IncomingMessage): Buffer {
  const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage ?? ''}`]
  for (const [name, value] of pairs(endToEnd(response.rawHeaders))) lines.push(`${name}: ${value}`)
  lines.push('Connection: close')
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}
