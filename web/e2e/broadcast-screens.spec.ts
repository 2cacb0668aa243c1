import { bothSchemes, expectCleanInBoth } from "./axe.ts";
import { expect, test } from "./people.ts";
import { compose, number, people, schedule, send, state } from "./sending.ts";

test("the list is walked by arrows and opened by Enter", { tag: "@proof" }, async ({ windowOf, request }) => {
  const page = await windowOf("supervisor@demo.test");
  const path = await schedule(page, await people(request, 2));
  await page.goto("/disparos?situacao=scheduled");
  await expect(page.getByRole("list", { name: "Disparos" })).toBeVisible();
  await page.getByLabel("Buscar disparos").press("ArrowDown");
  await expect(page.locator(`a[href="${path}"]`)).toBeFocused();
  await page.keyboard.press("Enter");
  await page.waitForURL(`**${path}`);
});

test("list, compose page and a bulk send pass axe, light and dark", bothSchemes, async ({ windowOf, request }) => {
  test.slow();
  const page = await windowOf("supervisor@demo.test");
  await compose(page, await people(request, 3));
  await expect(page.getByRole("region", { name: "Custo previsto" })).toBeVisible();
  await expectCleanInBoth(page);
  await send(page);
  await expect(state(page)).toHaveText("concluído");
  await number(page, "Fora do disparo").click();
  await expectCleanInBoth(page, { within: "main" });
  await page.goto("/disparos");
  await expect(page.getByRole("list", { name: "Disparos" })).toBeVisible();
  await expectCleanInBoth(page, { within: "main" });
});

test("a phone holds compose page, bulk send and list without moving sideways", { tag: "@proof" }, async ({
  windowOf,
  request,
}) => {
  const clients = await people(request, 3);
  const page = await windowOf("supervisor@demo.test");
  await compose(page, clients);
  await page.setViewportSize({ width: 390, height: 844 });
  const sideways = (): Promise<number> =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await expect(page.getByText("2 de 3 clientes recebem.")).toBeVisible();
  expect(await sideways()).toBe(0);
  await send(page);
  await expect(state(page)).toHaveText("concluído");
  expect(await sideways()).toBe(0);
  await page.goto("/disparos");
  await expect(page.getByRole("list", { name: "Disparos" })).toBeVisible();
  expect(await sideways()).toBe(0);
});
