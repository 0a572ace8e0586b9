/** The admin API of the Node gateway. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openStore } from '../src/log/store.node.ts'
import { eventually } from './decisions.ts'
import { startGateway } from './gateway.ts'
import { adminAt, adminConfig, askAuto, describeAdmin, idOf, policyFor } from './suites/admin.ts'

describeAdmin('the Node gateway', startGateway)

it('has no admins where no keys are configured', async () => {
  const gateway = await startGateway()
  try {
    const { status, json } = await adminAt(gateway.url)('GET', '/v1/policies')
    expect([status, json.error.message]).toEqual([403, expect.stringContaining('no keys are configured here')])
  } finally {
    await gateway.discard()
  }
})

it('says why the policy that the log asks for does not serve, and tries again when it is asked for again', async () => {
  const gateway = await startGateway({ config: adminConfig })
  const file = join(gateway.folder, '.switchyard/switchyard.sqlite')
  const store = await openStore({ file, durability: 'process', maxQueuedRows: 10 })
  try {
    const admin = adminAt(gateway.url)
    const [math, coder] = [policyFor('demo-math'), policyFor('demo-coder')]
    await admin('POST', '/v1/policies', math)
    await admin('POST', '/v1/routes/auto/policy', { policy: idOf(math) })
    await store.append([
      {
        table: 'policies',
        row: { route: 'auto', policy: idOf(coder), at: Date.now(), reason: 'from elsewhere', share: 1 },
      },
    ])
    const served = await eventually(async () => {
      const [route] = (await admin('GET', '/v1/policies')).json.routes
      return route?.refused ? route : null
    }, 'the policy that is not there is refused')
    expect(served).toMatchObject({
      policy: idOf(math),
      since: null,
      reason: 'The policy activated last does not serve; the last good one does.',
      refused: { policy: idOf(coder), reason: expect.stringContaining('There is no policy') },
    })
    await admin('POST', '/v1/policies', coder)
    await admin('POST', '/v1/routes/auto/policy', { policy: idOf(coder) })
    expect((await askAuto(gateway.url)).decision.policy).toBe(idOf(coder))
  } finally {
    await store.close()
    await gateway.discard()
  }
})

it('goes back to the embedded policy where that served first', async () => {
  const gateway = await startGateway({ config: { ...adminConfig, encoder: { timeoutMs: 10_000 } } })
  try {
    const admin = adminAt(gateway.url)
    const embedded = (await admin('GET', '/v1/policies')).json.routes[0]?.policy
    expect(embedded).toMatch(/^[0-9a-f]{64}$/)
    await admin('POST', '/v1/routes/auto/policy', { policy: 'constant' })
    expect((await askAuto(gateway.url)).decision.policy).toBeNull()
    const { json } = await admin('POST', '/v1/routes/auto/policy', { policy: 'previous' })
    expect(json.serves.policy).toBe(embedded)
    expect((await askAuto(gateway.url)).decision.policy).toBe(embedded)
  } finally {
    await gateway.discard()
  }
})
