/**
 * The one script of both documents, as the browser gets it. A page runs an attempt on the site of its last page: it
 * embeds the next one, hands the attempt on by postMessage, and gets the outcome back the same way.
 */
export const SCRIPT = `
const PATIENCE_MS = 8000

/** Connects, sends a message after each answer, leaves when all are answered. */
const connect = ({ url, messages }) => new Promise((resolve) => {
  const socket = new WebSocket(url)
  let echoes = 0
  const send = () => socket.send('message ' + (echoes + 1))
  socket.onopen = send
  socket.onmessage = () => {
    echoes++
    if (echoes < messages) send()
    else socket.close(1000)
  }
  socket.onclose = ({ code, reason, wasClean }) => resolve({ code, reason, wasClean, echoes })
})

/** Runs an attempt on the last of these pages (origins), each embedded by the one before it. */
const runOn = ([page, ...inner], attempt) => page === undefined ? connect(attempt) : new Promise((resolve) => {
  const frame = document.createElement('iframe')
  frame.hidden = true
  frame.src = page + '/frame'
  const finish = (outcome) => {
    removeEventListener('message', hear)
    clearTimeout(timer)
    frame.remove()
    resolve(outcome)
  }
  const hear = ({ origin, source, data }) => {
    if (origin !== page || source !== frame.contentWindow) return
    if (data.ready) frame.contentWindow.postMessage({ pages: inner, attempt }, page)
    if (data.outcome) finish(data.outcome)
  }
  const timer = setTimeout(() => finish({ problem: page + ' did not answer: does this browser find it?' }), PATIENCE_MS)
  addEventListener('message', hear)
  document.body.append(frame)
})

const beFrame = (embedders) => {
  addEventListener('message', async ({ origin, source, data }) => {
    if (source !== window.parent || !embedders.includes(origin)) return
    source.postMessage({ outcome: await runOn(data.pages, data.attempt) }, origin)
  })
  window.parent.postMessage({ ready: true }, '*')
}

const fetchJson = async (path) => {
  const response = await fetch(path, { cache: 'no-store' })
  if (!response.ok) throw new Error('the demo answered ' + response.status)
  return response.json()
}

const element = (name, text, className = '') => {
  const made = document.createElement(name)
  made.textContent = text
  made.className = className
  return made
}

const FIELDS = ['check', 'reason', 'code', 'initiator', 'detail']

const showLine = (line) => {
  const entry = element('div', '', 'entry')
  const fields = FIELDS.filter((name) => line[name] !== undefined).map((name) => name + '=' + line[name]).join('  ')
  const details = element('details', '')
  details.append(element('summary', 'the whole line'), element('pre', JSON.stringify(line)))
  entry.append(element('strong', line.level + ' ' + line.event), ' ', element('span', line.msg))
  entry.append(element('p', fields, 'fields'), details)
  return entry
}

const noteOf = ({ problem, echoes, wasClean }) => {
  if (problem) return problem
  const heard = echoes === 0 ? 'no message was answered' : 'open, ' + (echoes === 1 ? 'echo' : echoes + ' echoes') + ' received'
  return heard + '; wasClean ' + wasClean
}

const isMet = ({ code, reason, echoes }, expected) =>
  code === expected.code && reason === expected.text && echoes === expected.echoes

const show = (row, outcome, isGood, lines) => {
  row.querySelector('[data-code]').textContent = outcome.code ?? ''
  row.querySelector('[data-reason]').textContent = outcome.reason ?? ''
  row.querySelector('[data-note]').textContent = noteOf(outcome)
  row.querySelector('[data-verdict]').textContent = isGood ? 'as promised' : 'not as promised'
  row.querySelector('[data-log]').replaceChildren(...lines.map(showLine))
  row.dataset.state = isGood ? 'met' : 'unmet'
}

/** Tries one scenario; whether it went as promised. */
const attempt = async (row) => {
  row.dataset.state = 'running'
  try {
    const prepared = await fetchJson('/attempt?scenario=' + row.dataset.scenario)
    const outcome = await runOn(prepared.pages.slice(1), prepared)
    const lines = outcome.problem ? [] : await fetchJson('/log?nonce=' + prepared.nonce)
    const isGood = isMet(outcome, prepared.expected)
    show(row, outcome, isGood, lines)
    return isGood
  } catch (error) {
    show(row, { problem: error.message }, false, [])
    return false
  }
}

const bePage = () => {
  const status = document.querySelector('#status')
  const buttons = [...document.querySelectorAll('button')]
  const tryRows = async (pressed, rows) => {
    for (const button of buttons) button.disabled = true
    let met = 0
    for (const [index, row] of rows.entries()) {
      status.textContent = 'Trying ' + (index + 1) + ' of ' + rows.length + ' …'
      if (await attempt(row)) met++
    }
    for (const button of buttons) button.disabled = false
    pressed.focus()
    status.textContent = met + ' of ' + rows.length + ' as promised'
  }
  const rows = [...document.querySelectorAll('[data-scenario]')]
  const all = document.querySelector('#try-all')
  all.addEventListener('click', () => tryRows(all, rows))
  for (const row of rows) {
    const button = row.querySelector('[data-try]')
    button.addEventListener('click', () => tryRows(button, [row]))
  }
}

const embedders = document.querySelector('main').dataset.embedders
if (embedders === undefined) bePage()
else beFrame(embedders.split(' '))
`
