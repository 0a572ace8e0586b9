import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { describePolicyFiles, samplePolicy } from './contract.ts'
import { createD1Policies } from './files.d1.ts'

const clear = () => env.DB.exec('delete from policy_files')

describePolicyFiles('D1', async () => {
  await clear()
  return createD1Policies(env.DB)
})

it('shows nothing of an upload that broke off, and takes the next one', async () => {
  await clear()
  const files = createD1Policies(env.DB)
  const bytes = samplePolicy('x', { length: 600_000 })
  const id = await files.write(bytes)
  // Parts are written from the last to the first: this is what an isolate leaves that ends before its last write.
  await env.DB.exec('delete from policy_files where part = 0')
  expect(await files.list()).toEqual([])
  await expect(files.read(id)).rejects.toMatchObject({ code: 'not_found' })
  expect(await files.write(bytes)).toBe(id)
  expect((await files.read(id)).id).toBe(id)
})

it('notices a part that is missing or changed', async () => {
  await clear()
  const files = createD1Policies(env.DB)
  const id = await files.write(samplePolicy('x', { length: 600_000 }))
  await env.DB.exec('update policy_files set bytes = zeroblob(length(bytes)) where part = 1')
  await expect(files.read(id)).rejects.toMatchObject({ code: 'policy_damaged' })
  await env.DB.exec('delete from policy_files where part = 1')
  await expect(files.read(id)).rejects.toMatchObject({ code: 'policy_damaged' })
})

it('takes the largest policy it promises to take', async () => {
  await clear()
  const files = createD1Policies(env.DB)
  const header = samplePolicy('largest', { length: 1 }).length
  const bytes = samplePolicy('largest', { length: Math.floor((files.maxBytes - header) / 4) - 8 })
  expect(bytes.length).toBeGreaterThan(files.maxBytes - 200)
  const id = await files.write(bytes)
  expect((await files.read(id)).id).toBe(id)
})
