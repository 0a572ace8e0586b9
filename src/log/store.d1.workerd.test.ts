/** The store contract against D1 as the Workers runtime has it. */
import { env } from 'cloudflare:workers'
import { describeStore } from './contract.ts'
import { openD1Store } from './store.d1.ts'

describeStore('D1', () => openD1Store(env.DB, { keepAlive: () => {} }))
