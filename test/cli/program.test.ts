import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandLine } from '../support/command-line.ts'

const COMMANDS = ['start', 'check', 'explain', 'token', 'demo', 'drain', 'health']

for (const flag of ['--version', '-V']) {
  test(flag, async () => {
    assert.deepEqual(await commandLine([flag]), { code: 0, out: '1.2.3\n', err: [] })
  })
}

test('--help lists every command', async () => {
  const { code, out, err } = await commandLine(['--help'])
  assert.deepEqual([code, err], [0, []])
  for (const command of COMMANDS) assert.match(out, new RegExp(`^  ${command}\\b`, 'm'))
})

for (const command of COMMANDS) {
  test(`${command} --help`, async () => {
    const { code, out, err } = await commandLine([command, '--help'])
    assert.deepEqual([code, err], [0, []])
    assert.match(out, new RegExp(`^Usage: wsluice ${command} \\[options\\]`))
    assert.match(out, /-h, --help/)
  })
}

const MISTAKES: [args: string[], line: RegExp][] = [
  [['--bogus'], /unknown option '--bogus'/],
  [['start', '--lisen', ':1'], /unknown option '--lisen'.*Did you mean --listen\?/],
  [['check', '--confg', 'a'], /unknown option '--confg'.*--config/],
  [['chekc'], /unknown command chekc, did you mean check\?/],
  [['expalin', '--url', '/'], /unknown command expalin, did you mean explain\?/],
  [['serve'], /unknown command serve/],
  [['start', 'now'], /too many arguments/],
  [['check', '--config'], /option '-c, --config <file>' argument missing/],
  [['explain'], /required option '--url <url>' not specified/],
  [['token'], /required option '--secret-file <file>' not specified/],
  [['demo', '--port', 'x'], /--port: expected a port/],
  [['drain', '--wait', 'soon'], /--wait: expected a duration such as 500ms, 10s, 5m or 1h, got soon/],
  [['drain', '--wait', '600h'], /--wait: expected a duration .*, at most 24\.8d, got 600h/],
  [['token', '--secret-file', 'f', '--ttl', 'soon'], /--ttl: expected a duration/],
]

for (const [args, line] of MISTAKES) {
  test(`a mistake is one line and exit 2: ${args.join(' ')}`, async () => {
    const { code, out, err } = await commandLine(args)
    assert.deepEqual([code, out, err.length], [2, '', 1])
    assert.match(err[0] ?? '', line)
    assert.doesNotMatch(err[0] ?? '', /\n/)
  })
}

test('a flag of start needs no command', async () => {
  const { code, err } = await commandLine(['--listen', 'nowhere', '--upstream', 'http://127.0.0.1:1'])
  assert.equal(code, 2)
  assert.match(err[0] ?? '', /^--listen/)
})
