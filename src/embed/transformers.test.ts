import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createTransformersEncoder } from './transformers.node.ts'

const FOLDER = '../shared/encoder/minilm-l6'

describe.skipIf(!existsSync(FOLDER))('createTransformersEncoder', () => {
  it('embeds through a local folder: unit vectors, near for near texts, alone as beside others', async () => {
    const encoder = await createTransformersEncoder({ model: FOLDER })
    expect(encoder.info).toMatchObject({ id: 'minilm-l6', precision: 'q8', dim: 384 })
    expect(encoder.info.sha256).toBe('9ae79f7f9a3979a4b765a3acd7c3b478c6ab1759dada5aba0eeaa28d0921b9e7')
    const texts = [
      'How do I cook rice?',
      'What is the best way of cooking rice?',
      'Sort a list in Python',
      'long '.repeat(2000),
    ]
    const together = await encoder.embed(texts)
    for (const vector of together) expect(Math.hypot(...vector)).toBeCloseTo(1, 4)
    const dot = (a: number, b: number) => together[a]!.reduce((sum, value, i) => sum + value * together[b]![i]!, 0)
    expect(dot(0, 1)).toBeGreaterThan(dot(0, 2) + 0.3)
    expect(await encoder.embed([texts[0]!])).toEqual([together[0]])
    await encoder.close()
  })
})

it('says what is wrong with a model that cannot be loaded', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'encoder-'))
  writeFileSync(join(folder, 'config.json'), '{"model_type":"bert"}')
  await expect(createTransformersEncoder({ model: folder })).rejects.toThrow(`model '${folder}' cannot be loaded`)
})
