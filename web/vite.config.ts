import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import react from '@vitejs/plugin-react'
import type { Plugin, ProxyOptions } from 'vite'
import { defineConfig } from 'vite'

/** What the page asks of the service; while working on the page, a service on its own port answers that. */
const service = process.env['OTTO_URL'] ?? 'http://127.0.0.1:8080'
const doors = ['/otto', '/wallets', '/health', '/metrics', '/api', '/generate', '/openapi.json']

/** The service lets its own page call, and no other: this one speaks for it. */
const asOwnPage: NonNullable<ProxyOptions['configure']> = (proxy) => {
  proxy.on('proxyReq', (request) => request.removeHeader('origin'))
}

export default defineConfig({
  root: import.meta.dirname,
  base: '/ui/',
  plugins: [react(), compressed()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0, // the page's policy lets nothing in that is not a file of ours
    modulePreload: { polyfill: false },
  },
  server: {
    port: 5173,
    proxy: Object.fromEntries(
      doors.map((path) => [path, { target: service, changeOrigin: true, configure: asOwnPage }]),
    ),
  },
})

/** Beside each text of the page the same one compressed, as the service sends it to whoever takes that. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    async closeBundle() {
      const folder = join(import.meta.dirname, 'dist')
      const files = (await readdir(folder, { recursive: true })).filter((name) => /\.(?:js|css|html|svg)$/.test(name))
      for (const name of files) {
        const bytes = await readFile(join(folder, name))
        await writeFile(join(folder, `${name}.gz`), await promisify(gzip)(bytes, { level: 9 }))
        await writeFile(join(folder, `${name}.br`), await promisify(brotliCompress)(bytes))
      }
    },
  }
}
