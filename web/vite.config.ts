import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The built page is served by the gateway, on the same origin as the API. `npm run dev` serves it alone
// and passes API calls on to a running `make up`.
const stack = process.env.SUPABASE_URL ?? "http://127.0.0.1:54321";
const apiPaths = ["/rest/v1", "/auth/v1", "/functions/v1", "/realtime/v1", "/config.json"];

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    host: "127.0.0.1",
    proxy: Object.fromEntries(apiPaths.map((path) => [path, { target: stack, ws: path === "/realtime/v1" }])),
  },
  build: { target: "es2022", assetsInlineLimit: 0 },
  test: { include: ["src/**/*.test.{ts,tsx}"] },
});
