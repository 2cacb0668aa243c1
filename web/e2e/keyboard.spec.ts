import { clientIdOf, expect, openService, password, storedDispositions, test, timeline } from "./people.ts";

test("from sign-in to a saved disposition without a mouse", async ({ page, ownClient }) => {
  await page.goto("/login");
  await expect(page.getByLabel("E-mail")).toBeFocused();
  await page.keyboard.type("operador@demo.test");
  await page.keyboard.press("Tab");
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("row").nth(1)).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type(ownClient.code);
  await expect(page.getByRole("row")).toHaveCount(2);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/carteira\/\d{11}$/);
  await expect(page.getByRole("link", { name: /^Atender/ })).toBeVisible();
  await page.keyboard.press("a");
  await expect(page).toHaveURL(/\/atendimento\//);
  await expect(page.getByRole("button", { name: "Caixa Postal" })).toBeVisible();

  await page.keyboard.press("o");
  await page.keyboard.type("deve 1 parcela, paga dia 5");
  expect(await storedDispositions(page, clientIdOf(page))).toHaveLength(0);
  await page.keyboard.press("Escape");
  await page.keyboard.press("5");
  await expect(timeline(page).getByText("deve 1 parcela, paga dia 5")).toBeVisible();
  await expect(timeline(page).getByText("Otávio Operador")).toBeVisible();
  expect(await storedDispositions(page, clientIdOf(page))).toMatchObject([{ disposition_type: "negotiate" }]);
});

test("arrows walk the rows and a opens the service screen", async ({ windowOf }) => {
  const page = await windowOf("operador@demo.test");
  await expect(page.getByRole("row").nth(3)).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("row").nth(2).getByRole("link").first()).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await expect(page.getByRole("row").nth(1).getByRole("link").first()).toBeFocused();
  await page.keyboard.press("a");
  await expect(page).toHaveURL(/\/atendimento\//);
});

test("a digit held with Ctrl, or in an open dialog, disposes nothing", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  await page.keyboard.press("Control+1");
  await page.getByRole("button", { name: "Notificações" }).click();
  await expect(page.getByRole("dialog", { name: "Notificações" })).toBeVisible();
  await page.keyboard.press("2");
  expect(await storedDispositions(page, clientIdOf(page))).toHaveLength(0);
});
