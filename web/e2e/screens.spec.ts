import { expectClean, expectCleanInBoth } from "./axe.ts";
import { expect, openService, signIn, test } from "./people.ts";

test("every page passes axe, light and dark", async ({ browser, ownClient }) => {
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

test("the service screen needs no scrolling at 1366×768 and does not shift while it loads", async ({
  windowOf,
  ownClient,
}) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  await page.addInitScript(() => {
    Object.assign(window, { shift: 0 });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[])
        Object.assign(window, { shift: (window as unknown as { shift: number }).shift + entry.value });
    }).observe({ type: "layout-shift", buffered: true });
  });
  await page.reload();
  await expect(page.getByRole("button", { name: /^Conta de/ })).toBeVisible();
  const tabulation = page.getByRole("region", { name: "Tabulação" });
  await page.keyboard.press("4");
  await expect(tabulation.getByRole("button", { name: "Agendar retorno" })).toBeInViewport();
  expect(
    await tabulation
      .locator("[tabindex]")
      .first()
      .evaluate((body) => body.scrollHeight - body.clientHeight),
  ).toBe(0);
  expect(await page.locator("main").evaluate((main) => main.scrollHeight - main.clientHeight)).toBe(0);
  expect(await page.evaluate(() => (window as unknown as { shift: number }).shift)).toBeLessThanOrEqual(0.05);
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
