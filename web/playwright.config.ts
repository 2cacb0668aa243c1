import { defineConfig } from "@playwright/test";
import { chromiumLaunch } from "./e2e/chromium.ts";

const baseURL = process.env.E2E_BASE_URL;
if (!baseURL) throw new Error("E2E_BASE_URL: the address of a running, seeded stack (pytest tests/web starts one)");

/** Long walks are left to `make prove`, which runs them and nothing else. */
const proof = /@proof/;
const which = process.env.PROVE === "1" ? { grep: proof } : { grepInvert: proof };

/** Where tests/web reads which spec failed why, and which one needed its second chance. */
const report = process.env.E2E_REPORT;

export default defineConfig({
  ...which,
  testDir: "e2e",
  outputDir: process.env.E2E_OUTPUT ?? "test-results",
  // One stack, two cores: tests that watch the clock of receipts must not fight for the processor.
  workers: 1,
  // One second chance on a machine that stood still; tests/web names who needed it, and allows few.
  retries: 1,
  // A shared machine is slow; a deadline ends what hangs, and costs nothing where things work.
  timeout: 180_000,
  expect: { timeout: 45_000 },
  reporter: report ? [["list"], ["json", { outputFile: report }]] : [["list"]],
  use: {
    baseURL,
    viewport: { width: 1366, height: 768 },
    locale: "pt-BR",
    timezoneId: "America/Sao_Paulo",
    colorScheme: "light",
    // What fades and spins is painted sixty times a second, by a processor without a graphics card.
    contextOptions: { reducedMotion: "reduce" },
    // Recording costs as much as the tests themselves: E2E_TRACE=1 shows how a failure came about.
    trace: process.env.E2E_TRACE ? "retain-on-failure" : "off",
    screenshot: "only-on-failure",
    launchOptions: await chromiumLaunch(),
  },
});
