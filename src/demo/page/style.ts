/** How the page looks: system fonts, light or dark as the reader has it, rows that stack on a narrow screen. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f6f7f9, #14171c);
  --card: light-dark(#ffffff, #1d2229);
  --text: light-dark(#1a1f27, #e6e9ee);
  --quiet: light-dark(#566070, #9aa5b4);
  --line: light-dark(#d9dee5, #323a45);
  --accent: light-dark(#0b5cad, #6db3ff);
  --good: light-dark(#0d7a3d, #5fd38d);
  --bad: light-dark(#b3261e, #ff8a80);
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 80rem; background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { margin: 0 0 0.25rem; font-size: 1.6rem; }
p { margin: 0.25rem 0; max-width: 70ch; }
a { color: var(--accent); }
code, pre, .code { font-family: ui-monospace, monospace; font-size: 0.9em; }
.quiet { color: var(--quiet); }
.hint { margin: 1rem 0; padding: 0.75rem 1rem; border: 1px solid var(--bad); border-radius: 0.5rem; }
.bar { display: flex; gap: 1rem; align-items: center; margin: 1.25rem 0; }
button { padding: 0.35rem 0.9rem; border: 1px solid var(--accent); border-radius: 0.4rem; background: none;
  color: var(--accent); font: inherit; cursor: pointer; }
#try-all { background: var(--accent); color: var(--card); font-weight: 600; }
button:focus-visible, a:focus-visible, summary:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
button:disabled { opacity: 0.5; cursor: default; }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); }
th, td { padding: 0.75rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; font-weight: 400; }
thead th { color: var(--quiet); font-size: 0.85rem; }
tbody th { width: 30%; }
td { overflow-wrap: anywhere; }
td[data-promised], td[data-result] { width: 16%; }
tbody th strong { display: block; }
.code { font-size: 1.25rem; font-weight: 600; }
tr[data-state='met'] .code[data-code] { color: var(--good); }
tr[data-state='unmet'] .code[data-code] { color: var(--bad); }
.entry { margin: 0 0 0.6rem; }
.fields { color: var(--quiet); font-size: 0.85rem; }
pre { margin: 0.25rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
summary { color: var(--quiet); font-size: 0.85rem; cursor: pointer; }
@media (max-width: 50rem) {
  thead { position: absolute; clip-path: inset(50%); }
  tr, th, td { display: block; border: 0; }
  tbody th, td[data-promised], td[data-result] { width: auto; }
  tbody tr { border-bottom: 1px solid var(--line); }
  td::before { content: attr(data-label); display: block; color: var(--quiet); font-size: 0.85rem; }
}
`
