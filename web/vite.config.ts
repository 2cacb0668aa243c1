import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// The built page is served by the gateway, on the same origin as the API. `npm run dev` serves it alone
// and passes API calls on to a running `make up`.
const stack = process.env.SUPABASE_URL ?? "http://127.0.0.1:54321";
const apiPaths = ["/rest/v1", "/auth/v1", "/functions/v1", "/realtime/v1"];

/** Writes `x.js.gz` beside `x.js`, so that a plain file server sends compressed bytes without spending a core on them. */
function gzipBeside(): Plugin {
  const outDir = fileURLToPath(new URL("./dist/assets", import.meta.url));
  return {
    name: "gzip-beside",
    apply: "build",
    closeBundle() {
      for (const name of readdirSync(outDir).filter((each) => /\.(js|css)$/.test(each))) {
        const path = join(outDir, name);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), gzipBeside()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    host: "127.0.0.1",
    proxy: Object.fromEntries(apiPaths.map((path) => [path, { target: stack, ws: path === "/realtime/v1" }])),
  },
  build: { target: "es2022", assetsInlineLimit: 0 },
  test: { include: ["src/**/*.test.{ts,tsx}"] },
});
