import type { Browser, BrowserContextOptions, Page } from "@playwright/test";
import { keepSession, sessionOf } from "./sessions.ts";

/** A person's window: between two tests it holds the code of the page, and nothing of what was done in it. */
export interface Window {
  person: string;
  page: Page;
  /** Milliseconds; its session lasts an hour. */
  signedInAt: number;
}

/** Longer than a part of the specs takes on a slow machine, shorter than a session. */
const keptMilliseconds = 20 * 60_000;

const size = { width: 1366, height: 768 };

/** `E2E_SLOWDOWN=4`: every window gets a quarter of this machine's processor, to find waits that only a fast one keeps. */
const slowdown = Number(process.env.E2E_SLOWDOWN ?? 1);

async function slowDown(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
}

/** Code of rooms that no spec enters costs more than many a spec does; windows of other making (login, invitation) fetch it all. */
function saveData(): void {
  Object.defineProperty(navigator, "connection", { value: { saveData: true } });
}

export async function openWindow(
  browser: Browser,
  person: string,
  password: string,
  options: BrowserContextOptions,
): Promise<Window> {
  const context = await browser.newContext(options);
  if (slowdown > 1) context.on("page", (opened) => void slowDown(opened));
  const { kept } = await sessionOf(context.request, person, password);
  await context.addInitScript(keepSession, kept);
  await context.addInitScript(saveData);
  return { person, page: await context.newPage(), signedInAt: Date.now() };
}

/** Opening a window costs twice what going on in one does: who was here before goes on, with everything forgotten. */
export function takeKept(windows: Window[], person: string): Window | undefined {
  const index = windows.findIndex((kept) => kept.person === person && Date.now() - kept.signedInAt < keptMilliseconds);
  return index < 0 ? undefined : windows.splice(index, 1)[0];
}

/** Takes from a window what a test stored, routed and hung onto it; false where another test cannot have it. */
export async function forget({ page }: Window): Promise<boolean> {
  const context = page.context();
  if (page.isClosed() || context.pages().length > 1) return false;
  for (const event of ["dialog", "request"]) await page.removeAllListeners(event, { behavior: "ignoreErrors" });
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await context.unrouteAll({ behavior: "ignoreErrors" });
  await context.setOffline(false);
  await page.setViewportSize(size);
  // Of the same origin, without a line of ours that could go on storing.
  await page.goto("/health");
  return page.evaluate(async () => {
    const signedIn = localStorage.getItem("cobranca.session") !== null;
    localStorage.clear();
    sessionStorage.clear();
    for (const { name } of await indexedDB.databases()) if (name) indexedDB.deleteDatabase(name);
    return signedIn;
  });
}
