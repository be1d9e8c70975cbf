// A WebSocket that does what each close code asks for: come back, come back with a new token, come back later, or stop.
const REFRESH = new Set([4401, 4408])
const STOP = new Set([1000, 1002, 1003, 1007, 1008, 1009, 4003, 4009, 4404])
const LATER = new Set(['Rate limit exceeded', 'Too many connections']) // these close with 1008, too

/**
 * `address(fresh)` gives a promise of the URL; where `fresh` is true it must hold a new token. `onState(state, event)` is
 * told `open`, `waiting`, or `stopped`, which is for good. Times are in ms.
 */
export function connect(address, { onMessage, onState, firstWait = 500, longestWait = 60_000, settled = 5000 }) {
  let socket
  let timer
  let isStopped = false
  let isFresh = false // whether this attempt comes with a new token
  let failures = 0 // in a row

  async function open() {
    const url = await address(isFresh).catch(() => undefined)
    if (isStopped) return
    if (url === undefined) return wait()
    const began = Date.now()
    socket = new WebSocket(url)
    socket.onopen = () => onState('open') // a refused client sees this, too, for a moment
    socket.onmessage = ({ data }) => onMessage(data)
    socket.onclose = (event) => ended(event, Date.now() - began >= settled)
  }
  function ended(event, wasSettled) {
    if (isStopped) return
    if (wasSettled) failures = 0
    const wantsToken = REFRESH.has(event.code)
    const isLater = LATER.has(event.reason)
    if (wantsToken ? isFresh && !wasSettled : STOP.has(event.code) && !isLater) return stop(event)
    isFresh = wantsToken
    if (isLater) failures = Math.max(failures, 5)
    onState('waiting', event)
    wait()
  }
  function wait() {
    const longest = Math.min(longestWait, firstWait * 2 ** failures++)
    timer = setTimeout(open, longest * (0.5 + Math.random() / 2))
  }
  function stop(event) {
    isStopped = true
    clearTimeout(timer)
    socket?.close(1000)
    onState('stopped', event)
  }
  open()
  return { send: (data) => socket.send(data), stop: () => stop() }
}
