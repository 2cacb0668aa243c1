import { readFile } from "node:fs/promises";
import { expectClean } from "./axe.ts";
import { expect, test } from "./people.ts";

test("a selection goes to a campaign and its result is told", async ({ windowOf, ownClient }) => {
  const page = await windowOf("supervisor@demo.test");
  await page.getByLabel("Buscar na carteira").fill(ownClient.code);
  await page
    .getByRole("row", { name: new RegExp(ownClient.code) })
    .getByRole("checkbox")
    .check();
  await page.getByRole("button", { name: "Discador" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("combobox", { name: "Campanha" }).click();
  await page.getByRole("option", { name: "Cobrança ativa" }).click();
  await dialog.getByLabel("Nome da lista").fill(`Lista ${ownClient.code}`);
  await dialog.getByRole("button", { name: "Enviar ao discador" }).click();
  const card = page.getByRole("listitem").filter({ hasText: `Lista ${ownClient.code}` });
  await expect(card.getByText("carregado", { exact: true })).toBeVisible();
  await expect(card.getByText(/telefones? carregados?/)).toBeVisible();
});

test("words and seats are chosen from what the dialer has, and results are told person by person", async ({
  windowOf,
  ownClient,
}) => {
  const page = await windowOf("admin@demo.test");
  await page.getByLabel("Buscar na carteira").fill(ownClient.code);
  await page
    .getByRole("row", { name: new RegExp(ownClient.code) })
    .getByRole("checkbox")
    .check();
  await page.getByRole("button", { name: "Discador" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("combobox", { name: "Campanha" }).click();
  await page.getByRole("option", { name: "Cobrança ativa" }).click();
  await dialog.getByLabel("Nome da lista").fill(`Palavras ${ownClient.code}`);
  await dialog.getByRole("button", { name: "Enviar ao discador" }).click();

  const words = page.getByRole("region", { name: "Tabulações e qualificações" });
  await words.getByLabel("Campanha").selectOption("Pós-acordo");
  const own = words.getByLabel("Ligação Interrompida");
  await expect(own).toHaveValue("");
  await own.selectOption("Retornar");
  await expect(own).toHaveValue("32");
  await page.reload();
  await words.getByLabel("Campanha").selectOption("Pós-acordo");
  await expect(own).toHaveValue("32");
  await own.selectOption({ index: 0 });
  await expect(own.locator("option:checked")).toHaveText(/como em todas as campanhas/);

  const seats = page.getByRole("region", { name: "Operadores e agentes" });
  await expect(seats.getByLabel(/^Otávio/).locator("option:checked")).toHaveText("Otávio Operador");

  const card = page.getByRole("listitem").filter({ hasText: `Palavras ${ownClient.code}` });
  await expect(card.getByText("carregado", { exact: true })).toBeVisible();
  await card.getByRole("button", { name: "Ver resultado" }).click();
  const results = page.getByRole("dialog");
  await expect(results.getByRole("row", { name: new RegExp(ownClient.name) })).toContainText("carregado no discador");
  await expectClean(page, { within: '[role="dialog"]' });
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    results.getByRole("button", { name: "Baixar CSV" }).click(),
  ]);
  expect(await readFile(await file.path(), "utf8")).toContain(`"${ownClient.document}"`);
  await page.keyboard.press("Escape");
  await page.setViewportSize({ width: 390, height: 844 });
  await expectClean(page, { within: "main" });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
});

test("another agency sees neither calls nor exports", { tag: "@proof" }, async ({ windowOf }) => {
  const page = await windowOf("admin@outra.test", { at: "/discador" });
  await expect(page.getByText("O 3C Plus ainda não está conectado")).toBeVisible();
  await expect(page.getByRole("list", { name: "Envios ao discador" })).toBeHidden();
  await expect(page.getByRole("region", { name: "Operadores e agentes" })).toBeHidden();
});
