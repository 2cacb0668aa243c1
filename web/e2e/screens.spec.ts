import type { Locator, Page } from "@playwright/test";
import { bothSchemes, expectClean, expectCleanInBoth } from "./axe.ts";
import { expect, openService, signIn, test } from "./people.ts";

test("every page passes axe, light and dark", bothSchemes, async ({ browser, ownClient }) => {
  // axe weighs every node of eight pages; on a busy machine each takes several seconds.
  test.slow();
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto("/login");
  await expect(page.getByLabel("E-mail")).toBeVisible();
  await expectCleanInBoth(page);
  await page.goto("/convite");
  await expect(page.getByLabel("Seu nome")).toBeVisible();
  await expectCleanInBoth(page);
  await page.goto("/login");
  await signIn(page, "supervisor@demo.test");
  await expect(page.getByRole("row").nth(5)).toBeVisible();
  await expectCleanInBoth(page);
  await page.getByRole("button", { name: "Importar carteira" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await expectCleanInBoth(page);
  await page.keyboard.press("Escape");
  await openService(page, ownClient);
  await page.keyboard.press("1");
  await expect(page.getByText("Sônia Supervisora").first()).toBeVisible();
  await page.keyboard.press("4");
  await expectCleanInBoth(page);
  await page.getByRole("heading", { level: 1 }).getByRole("link").click();
  await expect(page.getByRole("region", { name: "Títulos" })).toBeVisible();
  await expectCleanInBoth(page);
  await page.goto("/automacao");
  await expect(page.getByRole("region", { name: "Regras" }).getByRole("row").nth(1)).toBeVisible();
  await expectCleanInBoth(page);
  await page.goto("/nao-existe");
  await expect(page.getByText("Esta página não existe")).toBeVisible();
  await expectCleanInBoth(page);
  await context.close();
});

interface Watched {
  shift: number;
  watch: PerformanceObserver;
}

/** Adds up in the page what moved that nobody moved, from the first paint on. */
function watchShifts(): void {
  const page = window as unknown as Watched;
  page.shift = 0;
  const add = (entries: PerformanceEntryList): void => {
    for (const entry of entries as (PerformanceEntry & { value: number })[]) page.shift += entry.value;
  };
  page.watch = new PerformanceObserver((list) => add(list.getEntries()));
  page.watch.observe({ type: "layout-shift", buffered: true });
}

/** Once two more frames are painted, which is when the browser tells. */
async function shiftOf(page: Page): Promise<number> {
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  return page.evaluate(() => {
    const { watch, shift } = window as unknown as Watched;
    return (watch.takeRecords() as (PerformanceEntry & { value: number })[]).reduce(
      (sum, { value }) => sum + value,
      shift,
    );
  });
}

test("the service screen needs no scrolling at 1366×768 and does not shift, however late its answers are", async ({
  windowOf,
  ownClient,
}) => {
  const page = await windowOf("operador@demo.test", { alone: true });
  await openService(page, ownClient);
  await page.addInitScript(watchShifts);
  // All that the first paint can do without is kept back until the operator is at work.
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(/\/(rest|functions)\/v1\/(?!rpc\/(session_context|service_screen))/, async (route) => {
    await released;
    await route.fallback();
  });
  await page.reload();
  await expect(page.getByRole("button", { name: /^Conta de/ })).toBeVisible();
  const tabulation = page.getByRole("region", { name: "Tabulação" });
  await page.keyboard.press("4");
  await expect(tabulation.getByRole("button", { name: "Agendar retorno" })).toBeInViewport();
  release();
  await expect(page.getByRole("region", { name: "Ligações" }).getByRole("status")).toBeVisible();
  await expect(page.getByRole("button", { name: /^Próximo cliente/ })).toBeVisible();
  await expect(page.getByRole("button", { name: /^Bloquear/ })).toBeVisible();
  expect(await shiftOf(page)).toBeLessThanOrEqual(0.05);
  await expect(tabulation.getByRole("button", { name: "Agendar retorno" })).toBeInViewport();
  const hidden = (area: Locator): Promise<number> =>
    area.evaluate(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight);
  expect(await hidden(tabulation.locator("[tabindex]").first())).toBe(0);
  expect(await hidden(page.locator("main"))).toBe(0);
});

test("a phone shows everything without sideways scrolling, and can dispose", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test", {
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  });
  const sideways = (): Promise<number> =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await expect(page.getByRole("link", { name: /^Atender/ }).first()).toBeVisible();
  expect(await sideways()).toBe(0);
  await openService(page, ownClient);
  expect(await sideways()).toBe(0);
  await page.getByRole("button", { name: "Caixa Postal" }).tap();
  await expect(page.getByText("Otávio Operador")).toBeVisible();
  const more = page.getByRole("button", { name: "Mais", exact: true });
  const sheet = page.getByRole("dialog", { name: "Mais" });
  await more.press("Enter");
  await expect(sheet).toBeVisible();
  await expect(sheet.getByRole("link", { name: "Carteira" })).toHaveCount(0);
  await expect(sheet.getByRole("link", { name: "Configurações" })).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(sheet).toBeHidden();
  await expect(more).toBeFocused();
  await more.tap();
  await expectClean(page, { within: "dialog" });
  await sheet.getByRole("link", { name: "Disparos" }).tap();
  await expect(page.getByRole("heading", { name: /^Disparos/, level: 1 })).toBeVisible();
  await expect(sheet).toBeHidden();
  expect(await sideways()).toBe(0);
});

/** design.md §7; compressed bytes of everything that is fetched before the operator sees the client. */
const budgetBytes = 200_000;

test("the first paint of the service screen costs at most 200 kB", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  const url = page.url();
  const fresh = await page.context().newPage();
  await fresh.goto(url);
  await expect(fresh.getByRole("button", { name: "Caixa Postal" })).toBeVisible();
  const fetchedBeforePaint = (): Promise<number> =>
    fresh.evaluate(() => {
      const [painted] = performance.getEntriesByName("first-contentful-paint");
      if (!painted) return 0;
      const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
      return (entries as PerformanceResourceTiming[])
        .filter(({ fetchStart }) => fetchStart <= painted.startTime)
        .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
    });
  await expect.poll(fetchedBeforePaint).toBeGreaterThan(50_000);
  expect(await fetchedBeforePaint()).toBeLessThanOrEqual(budgetBytes);
});
