/** The command line: what each command takes, and which function runs it. */
import { Command, CommanderError, Option } from 'commander'
import type { Flags } from '../config/flags.ts'
import { checkCommand } from './check.ts'
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
    .showHelpAfterError('(--help lists what there is)')
    .configureOutput({ writeOut: terminal.print, writeErr: (text) => terminal.complain(text.trimEnd()) })
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

  serving(sub('start', 'run the proxy (the default command)', { isDefault: true })).action(bind<Flags>(startCommand))
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
  sub('drain', 'drain the running proxy through its admin listener and wait (for preStop)')
    .option('--wait <duration>', 'how long to wait', '25s')
    .action(bind<DrainFlags>(drainCommand))
  sub('health', 'ask whether the running proxy is up (for HEALTHCHECK)')
    .option('--ready', 'ask whether it is ready instead')
    .action(bind<HealthFlags>(healthCommand))
  return program
}

const collect = (value: string, before: string[]): string[] => [...before, value]
