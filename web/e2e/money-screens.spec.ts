import { agree, chargeByPix, openPanel } from "./agreed.ts";
import { bothSchemes, expectCleanInBoth } from "./axe.ts";
import { expect, openService, test } from "./people.ts";

test("the money pages pass axe, light and dark", bothSchemes, async ({ windowOf, ownClient, pool }) => {
  test.slow();
  const page = await windowOf("supervisor@demo.test");
  await openService(page, await pool());
  await page
    .getByRole("region", { name: "Títulos" })
    .getByRole("button", { name: /memória de cálculo/ })
    .first()
    .click();
  const dialog = page.getByRole("dialog", { name: "Memória de cálculo" });
  await expect(dialog.getByTestId("statement-total")).toBeVisible();
  await expectCleanInBoth(page);
  await page.keyboard.press("Escape");
  const panel = await openPanel(page, await pool());
  await panel.getByLabel("Principal").fill("90");
  await panel.getByRole("button", { name: "Com entrada" }).click();
  await panel.getByRole("button", { name: "Comparar com outra" }).click();
  await expectCleanInBoth(page);
  await agree(page, ownClient, "2");
  await chargeByPix(page);
  await expectCleanInBoth(page);
  await page.getByRole("button", { name: "Mais ações da parcela 2" }).click();
  await page.getByRole("menuitem", { name: "Mudar o vencimento" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await expectCleanInBoth(page);
  await page.keyboard.press("Escape");
  await page.goto("/acordos");
  await expect(page.getByRole("row").nth(1)).toBeVisible();
  await expectCleanInBoth(page);
  await page.goto("/acordos/pagamentos");
  await expect(page.getByRole("button", { name: "Conciliar agora" })).toBeVisible();
  await expectCleanInBoth(page);
});

test("a phone shows the money pages without sideways scrolling", { tag: "@proof" }, async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test", {
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  });
  const sideways = (): Promise<number> =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await agree(page, ownClient, "2");
  expect(await sideways()).toBe(0);
  await chargeByPix(page);
  expect(await sideways()).toBe(0);
  await page.getByRole("button", { name: "Renegociar o saldo" }).click();
  await expect(page.getByRole("region", { name: "Negociação" }).getByTestId("offer-total")).toBeVisible();
  expect(await sideways()).toBe(0);
  for (const path of ["/acordos", "/acordos/pagamentos"]) {
    await page.goto(path);
    await expect(page.getByRole("heading", { name: "Acordos" })).toBeVisible();
    expect(await sideways()).toBe(0);
  }
});
