import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatProblem } from '../../src/config/problems.ts'
import { loadPolicy } from '../../src/demo/policy.ts'

const SECRET = 'x'.repeat(64)

test('the shipped policy loads without a warning, for the ports in use', () => {
  const result = loadPolicy({ page: 7001, backend: 7004, proxy: 7002, ops: 7003, admin: 0 }, SECRET)
  assert.deepEqual(result.ok ? [] : result.problems.map(formatProblem), [])
  assert.ok(result.ok)
  const { config, warnings, effective } = result
  assert.deepEqual(warnings, [])
  assert.deepEqual(config.listen, { host: '127.0.0.1', port: 7002 })
  assert.deepEqual(config.ops, { host: '127.0.0.1', port: 7003 })
  assert.deepEqual(config.admin, { host: '127.0.0.1', port: 0 })
  const [route] = config.routes
  assert.equal(route?.token?.secret, SECRET)
  assert.deepEqual(
    route?.origin?.allow,
    ['app', 'other', 'widget'].map((site) => `http://${site}.localhost:7001`),
  )
  assert.ok(!JSON.stringify(effective).includes(SECRET))
})
