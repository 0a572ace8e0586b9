import { defineConfig } from 'drizzle-kit'

/** `npx drizzle-kit generate` writes the next numbered file; files already released are never edited. */
export default defineConfig({ dialect: 'sqlite', schema: './src/log/schema.ts', out: './migrations' })
