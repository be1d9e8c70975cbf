/** A proxy made of http-proxy-3, as its documentation shows it: `node http-proxy-3.mjs PORT UPSTREAM_PORT`. */
import http from 'node:http'
import process from 'node:process'
import { createProxyServer } from 'http-proxy-3'

const [port, upstream] = process.argv.slice(2).map(Number)
const proxy = createProxyServer({ target: { host: '127.0.0.1', port: upstream }, ws: true })
proxy.on('error', (_error, _request, out) => out?.destroy())

const server = http.createServer((request, response) => proxy.web(request, response))
server.on('upgrade', (request, socket, head) => proxy.ws(request, socket, head))
server.listen(port, '127.0.0.1')
