/** The encoder that the configuration asks for, on Node. */
import { join } from 'node:path'
import { createUndiciTransport } from '../call/undici.node.ts'
import type { Config } from '../config/config.ts'
import { createOnnxEncoder, type OnnxEncoder, type OnnxOptions } from '../embed/onnx.node.ts'
import { createRemoteEncoder } from '../embed/remote.ts'
import { createTransformersEncoder } from '../embed/transformers.node.ts'
import { SwitchyardError } from '../errors.ts'
import { packageFolder } from '../package.node.ts'
import type { Encoder } from '../spec.ts'

/**
 * `null` where the configuration says `none`. Throws `unsupported` for a driver that only a Worker has, and when the encoder
 * cannot be opened.
 * @param onSwitch told when a GPU has failed while it served and the CPU has taken over
 */
export async function openEncoder(
  settings: Config['encoder'],
  { onSwitch }: Pick<OnnxOptions, 'onSwitch'> = {},
): Promise<Encoder | OnnxEncoder | null> {
  switch (settings.driver) {
    case 'none':
      return null
    case 'onnx': {
      const { threads, provider } = settings
      return createOnnxEncoder({
        dir: join(packageFolder(), 'models/use-lite'),
        ...(threads !== undefined && { threads }),
        ...(provider !== 'auto' && { provider }),
        ...(onSwitch && { onSwitch }),
      })
    }
    case 'transformers':
      return createTransformersEncoder(settings)
    case 'remote': {
      const { transport, close } = createUndiciTransport()
      return { ...(await createRemoteEncoder({ ...settings, transport })), close }
    }
    case 'workers-ai':
      throw new SwitchyardError(
        'unsupported',
        'encoder.driver: "workers-ai" is served in a Worker only. On Node take "onnx", or "remote" with the same model over the OpenAI endpoint of Workers AI.',
      )
  }
}
