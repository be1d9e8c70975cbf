/** The command line: what each command takes, and which function runs it. */
import { Command, CommanderError, Option } from 'commander'
import type { Flags } from '../config/flags.ts'
import { nearest } from '../settings/nearest.ts'
import { checkCommand } from './check.ts'
import { type DemoFlags, demoCommand } from './demo.ts'
import { type DrainFlags, drainCommand } from './drain.ts'
import { type ExplainFlags, explainCommand } from './explain.ts'
import { type HealthFlags, healthCommand } from './health.ts'
import { startCommand } from './start.ts'
import { EXIT, type Terminal } from './terminal.ts'
import { type TokenFlags, tokenCommand } from './token.ts'

type Run<F> = (terminal: Terminal, flags: F) => number | Promise<number>

/** Runs a command line (without the program's name); resolves to the exit code. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const outcome: { code: number } = { code: EXIT.ok }
  const program = build(terminal, (code) => {
    outcome.code = code
  })
  const stranger = unknownCommand(args, program)
  if (stranger !== undefined) {
    terminal.complain(stranger)
    return EXIT.usage
  }
  try {
    await program.parseAsync([...args], { from: 'user' })
    return outcome.code
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  }
}

function build(terminal: Terminal, done: (code: number) => void): Command {
  const program = new Command('wsluice')
    .description('Enforces WebSocket policy in front of a backend that does not change.')
    .version(terminal.version)
    .configureOutput({ writeOut: terminal.print, outputError: (text) => terminal.complain(oneLine(text)) })
    .exitOverride()
  const bind =
    <F>(command: Run<F>) =>
    async (flags: F) =>
      done(await command(terminal, flags))
  const sub = (name: string, description: string, options: { isDefault?: boolean } = {}) =>
    program
      .command(name, options)
      .description(description)
      .option('-c, --config <file>', 'the configuration file (WS_CONFIG)')
  const serving = (command: Command) =>
    command
      .option('--upstream <url>', 'the backend: http, https or unix:/path (WS_UPSTREAM)')
      .option('--listen <address>', 'where clients connect: :port, host:port or unix:/path (WS_LISTEN)')
      .option('--dry-run', 'judge, log and count, refuse nothing (WS_MODE=dry-run)')

  serving(sub('start', 'run the proxy (the default command)', { isDefault: true }))
    .option('--workers <number>', 'processes that serve clients, or auto (WS_WORKERS)')
    .action(bind<Flags>(startCommand))
  serving(sub('check', 'validate the configuration and print what it comes to')).action(bind<Flags>(checkCommand))
  serving(sub('explain', 'judge one handshake without a connection and say why'))
    .requiredOption('--url <url>', 'what the client asks for, such as wss://host/path?token=…')
    .option('--header <line>', "a header of the client, 'Name: value'; may be repeated", collect, [])
    .option('--peer <ip>', 'the address it connects from', '127.0.0.1')
    .option('--json', 'print JSON')
    .action(bind<ExplainFlags>(explainCommand))
  program
    .command('token')
    .description('mint a development token')
    .requiredOption('--secret-file <file>', 'file that holds the HMAC secret')
    .option('--claim <name=value>', 'a claim; JSON values are taken as such; may be repeated', collect, [])
    .addOption(new Option('--ttl <duration>', 'how long it is valid').default('1h'))
    .action(bind<TokenFlags>(tokenCommand))
  program
    .command('demo')
    .description('run a demo backend, the proxy with a sample policy, and a page to try it in a browser')
    .option('--port <number>', 'port of the page, those of the others follow; 0: any free ones', '8088')
    .action(bind<DemoFlags>(demoCommand))
  sub('drain', 'drain the running proxy through its admin listener and wait (for preStop)')
    .option('--wait <duration>', 'how long to wait', '25s')
    .action(bind<DrainFlags>(drainCommand))
  sub('health', 'ask whether the running proxy is up (for HEALTHCHECK)')
    .option('--ready', 'ask whether it is ready instead')
    .action(bind<HealthFlags>(healthCommand))
  return program
}

/** Commander would take it for an argument of the default command. */
function unknownCommand([name = '-']: readonly string[], program: Command): string | undefined {
  const known = [...program.commands.map((command) => command.name()), 'help']
  if (name.startsWith('-') || known.includes(name)) return undefined
  const meant = nearest(name, known)
  return `unknown command ${name}${meant === undefined ? '' : `, did you mean ${meant}?`} ${HINT}`
}

const HINT = '(--help lists what there is)'

/** Commander's errors: a word to begin with, and a line for each suggestion. */
const oneLine = (text: string) =>
  `${text
    .replace(/^error: /, '')
    .trim()
    .replace(/\s*\n\s*/g, ' ')} ${HINT}`

const collect = (value: string, before: string[]): string[] => [...before, value]
