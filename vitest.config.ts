import { join } from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { serveNativeVectors } from './test/native.ts'

const limits = { testTimeout: 30_000, hookTimeout: 60_000 }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'node',
          include: ['src/**/*.test.ts', 'routers/**/*.test.ts', 'test/**/*.test.ts', 'benchmarks/**/*.test.ts'],
          exclude: ['**/*.workerd.test.ts'],
          ...limits,
        },
      },
      {
        // Inside the Workers runtime itself, with a local D1, the assets and the Durable Objects of wrangler.toml.
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              cf: false,
              serviceBindings: { NATIVE: serveNativeVectors },
              bindings: { MIGRATIONS: await readD1Migrations(join(import.meta.dirname, 'migrations')) },
            },
          })),
        ],
        test: {
          name: 'workerd',
          include: ['src/**/*.workerd.test.ts', 'test/**/*.workerd.test.ts'],
          setupFiles: ['./test/workerd.setup.ts'],
          ...limits,
        },
      },
    ],
  },
})
