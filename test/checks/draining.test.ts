import assert from 'node:assert/strict'
import { test } from 'node:test'
import { notDraining } from '../../src/checks/draining.ts'
import { conclusion } from '../support/check.ts'
import { connection } from '../support/connection.ts'

test('a process that drains takes no connection', async () => {
  let isDraining = false
  const judge = notDraining(() => isDraining)
  assert.equal(conclusion(await judge(connection())), 'pass')
  isDraining = true
  assert.equal(conclusion(await judge(connection())), 'shutting_down')
})
