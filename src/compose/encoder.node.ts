/** The encoder that the configuration asks for, on Node. */
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { createOnnxEncoder, type OnnxEncoder } from '../embed/onnx.node.ts'
import { createTransformersEncoder } from '../embed/transformers.node.ts'
import { packageFolder } from '../package.node.ts'
import type { Encoder } from '../spec.ts'

/** `null` where the configuration says `none`. Throws when the encoder cannot be opened. */
export async function openEncoder({
  driver,
  model,
  provider,
  threads,
}: Config['encoder']): Promise<Encoder | OnnxEncoder | null> {
  if (driver === 'none') return null
  if (driver === 'transformers')
    return createTransformersEncoder({ model: model ?? '', ...(threads !== undefined && { threads }) })
  return createOnnxEncoder({
    dir: join(packageFolder(), 'models/use-lite'),
    ...(threads !== undefined && { threads }),
    ...(provider !== 'auto' && { provider }),
  })
}
