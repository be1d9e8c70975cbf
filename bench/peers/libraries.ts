/** Proxies made of libraries from npm, on the Node that runs the benchmark. Their package is `bench/package.json`. */
import { createRequire } from 'node:module'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { readText } from '../processes.ts'
import type { Peer } from './peer.ts'

const library = (id: string, label: string, about: string): Peer => ({
  id,
  label,
  about,
  version: () => versionOfPackage(id),
  program: ({ port, upstream }) => {
    const file = fileURLToPath(new URL(`${id}.mjs`, import.meta.url))
    return { command: process.execPath, args: [file, String(port), String(upstream)] }
  },
})

const Manifest = z.object({ version: z.string() })

/** Throws where the package cannot be resolved from here. */
function versionOfPackage(name: string): string {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? []
  const text = folders.map((folder) => readText(`${folder}/${name}/package.json`)).find((content) => content !== '')
  if (text === undefined) throw new Error(`the package ${name} is not installed (npm ci in bench)`)
  return Manifest.parse(JSON.parse(text)).version
}

export const httpProxy3 = library('http-proxy-3', 'http-proxy-3', 'a blind tunnel, as its documentation shows it')

export const ws = library('ws', 'ws library', 'a server and a client of ws (bench/peers/ws.mjs); judges nothing')
