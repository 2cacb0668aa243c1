import { bothSchemes, expectCleanInBoth } from "./axe.ts";
import { expect, test } from "./people.ts";

test(
  "the carteira's panel, selection, dialogs and the settings pass axe, light and dark",
  bothSchemes,
  async ({ windowOf }) => {
    // axe weighs every node of three long pages; on a busy machine each takes several seconds.
    test.slow();
    const page = await windowOf("admin@demo.test");
    await page.getByRole("button", { name: "Filtros", exact: true }).click();
    const panel = page.getByRole("complementary", { name: "Filtros" });
    await expect(panel.getByRole("group", { name: "UF" })).toBeVisible();
    await page.getByLabel("Escolher todos os que correspondem").check();
    await expect(page.getByRole("toolbar")).toBeVisible();
    await expectCleanInBoth(page);
    await page.getByRole("button", { name: "Tag", exact: true }).click();
    await expect(page.getByRole("dialog").getByText(/podem? entrar/)).toBeVisible();
    await expectCleanInBoth(page);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Lista densa" }).click();
    // Sixty rows leave eleven pixels to a link; the same links are large with the list not dense (WCAG 2.5.8, equivalent).
    await expectCleanInBoth(page, { except: ["target-size"] });
    await page.getByRole("button", { name: "Lista densa" }).click();
    await page.goto("/configuracoes");
    await expect(page.getByLabel("Nome da chave")).toBeVisible();
    await expectCleanInBoth(page);
  },
);

test("the filter panel of a phone pushes nothing sideways", async ({ windowOf }) => {
  const page = await windowOf("operador@demo.test", {
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  });
  await page.getByRole("button", { name: "Filtros", exact: true }).tap();
  await expect(page.getByRole("complementary", { name: "Filtros" })).toBeVisible();
  const sideways = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(sideways).toBe(0);
});
