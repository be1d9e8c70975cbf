/** Blocks that need what `npm test` has not: each names why, and the test that runs or compares it. */

export interface Elsewhere {
  readonly document: string
  /** Of the block's text. */
  readonly shows: RegExp
  readonly why: string
  /** The file that tests it; `scripts`: every `npm run` in it is a script of package.json. */
  readonly testedBy: string
}

export const ELSEWHERE: readonly Elsewhere[] = [
  {
    document: 'README.md',
    shows: /^npm ci && npm run demo/,
    why: 'installs, and runs every test',
    testedBy: 'scripts',
  },
  {
    document: 'docs/quick-start.md',
    shows: /^npm ci && npm run demo/,
    why: 'installs; the demo is tested in test/demo',
    testedBy: 'scripts',
  },
  {
    document: 'CONTRIBUTING.md',
    shows: /^npm ci && npm test/,
    why: 'installs, and runs every test',
    testedBy: 'scripts',
  },
  {
    document: 'docs/release.md',
    shows: /^dev\/sbom/,
    why: 'what is shipped is installed for it',
    testedBy: 'test/ship/sbom.test.ts',
  },
  {
    document: 'docs/release.md',
    shows: /^npm ci\nnpm publish/,
    why: 'publishes; what would be is packed and installed',
    testedBy: 'test/real/package.real.ts',
  },
  {
    document: 'docs/release.md',
    shows: /^docker buildx/,
    why: 'needs a registry; the same Dockerfile is built',
    testedBy: 'test/real/image.real.ts',
  },
  {
    document: 'docs/scale.md',
    shows: /^sysctl -w fs\.file-max/,
    why: 'changes the machine; the page says it was not tried',
    testedBy: 'test/docs/snippets.test.ts',
  },
  {
    document: 'docs/sidecar.md',
    shows: /^# Chart\.yaml/,
    why: 'rendered by helm',
    testedBy: 'test/ship/sidecar-docs.test.ts',
  },
  {
    document: 'docs/sidecar.md',
    shows: /^# values\.yaml/,
    why: 'rendered by helm',
    testedBy: 'test/ship/sidecar-docs.test.ts',
  },
  {
    document: 'docs/sidecar.md',
    shows: /^# templates\/chat\.yaml/,
    why: 'rendered by helm',
    testedBy: 'test/ship/sidecar-docs.test.ts',
  },
  {
    document: 'docs/sidecar.md',
    shows: /^# kustomization\.yaml/,
    why: 'compared with the example that is built',
    testedBy: 'test/ship/sidecar-docs.test.ts',
  },
  {
    document: 'docs/sidecar.md',
    shows: /^# values of prometheus-adapter/,
    why: 'configures another program; its metric is checked among the names',
    testedBy: 'test/docs/names.test.ts',
  },
  {
    document: 'docs/close-codes.md',
    shows: /^\/\/ app\.js/,
    why: 'runs with the client beside it',
    testedBy: 'test/docs/reconnect.test.ts',
  },
  {
    document: 'docs/standalone.md',
    shows: /^docker run/,
    why: 'needs an engine; the image runs as its user on a read-only root',
    testedBy: 'test/real/image.real.ts',
  },
  {
    document: 'docs/standalone.md',
    shows: /^helm install/,
    why: 'needs a cluster; the values above it are rendered here, and those of the chart',
    testedBy: 'test/ship/chart.test.ts',
  },
]
