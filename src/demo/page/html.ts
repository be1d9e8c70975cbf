/** The demo's two documents: the page a person clicks through, and the one that the other sites show inside it. */
import type { Places } from '../places.ts'
import type { Scenario } from '../scenarios.ts'

export interface PageFacts {
  readonly scenarios: readonly Scenario[]
  readonly places: Places
  /** Whether the page is open where it is meant to be; elsewhere it says where. */
  readonly isHome: boolean
  /** Host names that must lead to this machine. */
  readonly hosts: readonly string[]
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? '')

/** The page: a row for each scenario, and beside it what came of it. */
export function pageHtml({ scenarios, places, isHome, hosts }: PageFacts): string {
  const disabled = isHome ? '' : ' disabled'
  return document(
    'wsluice demo',
    `<header>
<h1>wsluice demo</h1>
<p>A WebSocket backend without a policy, and wsluice in front of it. Try what a client may do, and see
what the browser reads (its <code>CloseEvent</code>) next to what the operator does.</p>
<p class="quiet">The proxy is <code>${places.chat}</code>, the backend <code>${places.backend}</code>; see also the
<a href="${places.metrics}">metrics</a> and the <a href="${places.connections}">open connections</a>.</p>
</header>
${isHome ? '' : hint(places.page, hosts)}
<main>
<div class="bar"><button id="try-all" type="button"${disabled}>Try all</button> <span id="status" role="status"></span></div>
<table>
<thead><tr><th scope="col">Scenario</th><th scope="col">Promised</th><th scope="col">The browser reads</th><th scope="col">The operator’s log</th></tr></thead>
<tbody>
${scenarios.map((scenario) => row(scenario, disabled)).join('\n')}
</tbody>
</table>
<p class="quiet">A refused handshake is completed first: only then can a browser read a code. The backend hears nothing of it.</p>
<noscript><p class="hint">The page needs JavaScript: it is the client.</p></noscript>
</main>`,
  )
}

/**
 * The document inside an iframe: it connects, or embeds the next, when a page that may embed it asks.
 * @param embedders origins of those pages
 */
export const frameHtml = (embedders: readonly string[]): string =>
  document('wsluice demo frame', `<main data-embedders="${escapeHtml(embedders.join(' '))}"></main>`)

const document = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/demo.css">
<script type="module" src="/demo.js"></script>
</head>
<body>
${body}
</body>
</html>
`

const hint = (home: string, hosts: readonly string[]) => `<div class="hint" id="hint">
<p>Open <a href="${escapeHtml(home)}">${escapeHtml(home)}</a> instead: the policy judges which site a page is on.</p>
<p>If your browser does not find it, add this line to the hosts file of this machine:
<code>127.0.0.1 ${escapeHtml(hosts.join(' '))}</code></p>
</div>`

function row({ id, title, shows, setting, expected }: Scenario, disabled: string): string {
  return `<tr data-scenario="${escapeHtml(id)}" data-state="idle">
<th scope="row"><strong>${escapeHtml(title)}</strong>
<p>${escapeHtml(shows)}</p>
<p class="quiet">Decided by <code>${escapeHtml(setting)}</code></p>
<button type="button" data-try aria-label="Try: ${escapeHtml(title)}"${disabled}>Try</button></th>
<td data-promised data-label="Promised"><span class="code">${expected.code}</span><p>${escapeHtml(expected.text || 'open until the page leaves')}</p></td>
<td data-result data-label="The browser reads"><span class="code" data-code></span><p data-reason></p><p class="quiet" data-note></p><p class="quiet" data-verdict></p></td>
<td data-log data-label="The operator’s log"></td>
</tr>`
}
