import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { devApi } from './dev/dev_api';

// `npm run build` makes dist/, which the server embeds and serves at / next to /api.
// `npm run dev` and `npm run preview` answer /api from generated traces (dev/dev_api.ts), or
// from a running server when BINNACLE_URL is set.
const target = process.env['BINNACLE_URL'];

export default defineConfig({
  plugins: [react(), ...(target ? [] : [devApi()])],
  server: target ? { proxy: { '/api': target } } : {},
  preview: target ? { proxy: { '/api': target } } : {},
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    sourcemap: false,
  },
  worker: { format: 'es' },
  test: { include: ['src/**/*.test.{ts,tsx}', 'dev/**/*.test.ts'], environment: 'node' },
});
