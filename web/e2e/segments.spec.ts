import type { Page } from "@playwright/test";
import { expect, test } from "./people.ts";

async function totalOf(page: Page): Promise<number> {
  const bar = page.getByText(/ clientes?( escolhidos?)?$/).first();
  await expect(bar).toBeVisible();
  return Number((await bar.innerText()).replace(/\D/g, ""));
}

test("a filter is saved as a segment, and everybody in it but one is assigned", async ({ windowOf }) => {
  const page = await windowOf("supervisor@demo.test");
  await page.getByRole("button", { name: "Filtros", exact: true }).click();
  const panel = page.getByRole("complementary", { name: "Filtros" });
  const facet = panel.getByRole("group", { name: "UF" }).locator("label", { hasText: "SP" });
  const counted = Number((await facet.innerText()).replace(/\D/g, ""));
  await facet.getByRole("checkbox").check();
  await expect(page).toHaveURL(/uf=/);
  await expect.poll(() => totalOf(page)).toBe(counted);

  const name = `Só um estado ${Date.now()}`;
  await page.getByRole("button", { name: "Segmentos" }).click();
  await page.getByRole("menuitem", { name: /Salvar ou excluir/ }).click();
  const dialog = page.getByRole("dialog", { name: "Segmentos" });
  await dialog.getByLabel("Nome do segmento").fill(name);
  await dialog.getByRole("button", { name: "Salvar segmento" }).click();
  await expect(dialog).toBeHidden();
  await page.goto("/carteira");
  await page.getByRole("button", { name: "Segmentos" }).click();
  await page.getByRole("menuitem", { name }).click();
  await expect(page).toHaveURL(/uf=/);
  await expect.poll(() => totalOf(page)).toBe(counted);

  await page.getByLabel("Escolher todos os que correspondem").check();
  const second = page.getByRole("row").nth(2);
  const leftOut = await second.getByRole("link").first().innerText();
  await second.getByRole("checkbox").uncheck();
  await expect.poll(() => totalOf(page)).toBe(counted - 1);
  await page.getByRole("button", { name: "Atribuir" }).click();
  const assign = page.getByRole("dialog", { name: "Atribuir a um operador" });
  await expect(assign.getByText(/podem? entrar/)).toBeVisible();
  await assign.getByLabel("Responsável").selectOption({ label: "Otávio Operador · Operador" });
  await assign.getByRole("button", { name: "Atribuir" }).click();
  await expect(assign).toBeHidden();
  await expect(page.getByRole("row").nth(1).getByText("Otávio Operador")).toBeVisible();
  await expect(page.getByRole("row", { name: new RegExp(leftOut) }).getByText("Otávio Operador")).toHaveCount(0);
});

test("x selects the row of the arrows, and the way back keeps the choice", async ({ windowOf }) => {
  const page = await windowOf("supervisor@demo.test");
  await expect(page.getByRole("row").nth(3)).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("x");
  await expect(page.getByText("1 cliente escolhido")).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("region", { name: "Títulos" })).toBeVisible();
  await page.goBack();
  await expect(page.getByText("1 cliente escolhido")).toBeVisible();
});

test("the dialogs of WhatsApp and of the dialer count who is left out and send nothing", async ({ windowOf }) => {
  const page = await windowOf("supervisor@demo.test");
  await page.getByLabel("Escolher todos os que correspondem").check();
  for (const name of ["WhatsApp", "Discador"]) {
    await page.getByRole("toolbar").getByRole("button", { name }).click();
    const dialog = page.getByRole("dialog");
    await expect(dialog.getByText(/podem? entrar/)).toBeVisible();
    await expect(dialog.getByRole("button", { name: /Enviar|Disparar/ })).toHaveCount(0);
    await dialog.getByRole("button", { name: "Voltar à lista" }).click();
    await expect(dialog).toBeHidden();
  }
});

test("an export arrives as a file", async ({ windowOf }) => {
  const page = await windowOf("supervisor@demo.test");
  await page.getByRole("row").nth(1).getByRole("checkbox").check();
  await page.getByRole("button", { name: "Exportar" }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Baixar planilha" }).click();
  expect((await download).suggestedFilename()).toMatch(/^carteira-\d{4}-\d{2}-\d{2}\.csv$/);
});

test("an operator chooses nobody", async ({ windowOf }) => {
  const page = await windowOf("operador@demo.test");
  await expect(page.getByRole("row").nth(1)).toBeVisible();
  await expect(page.getByRole("checkbox")).toHaveCount(0);
});

test("an address with an unknown filter is refused, and never shows the whole carteira", async ({ windowOf }) => {
  const page = await windowOf("operador@demo.test");
  await page.goto("/carteira?cidade=Recife");
  await expect(page.getByRole("alert")).toContainText("Este filtro não existe mais");
  await expect(page.getByRole("row")).toHaveCount(0);
});

test("each shown order is asked of the database, and the address keeps it", async ({ windowOf }) => {
  const page = await windowOf("operador@demo.test");
  const cells = page.getByRole("row").locator("td:first-child a");
  await page.getByRole("button", { name: "Cliente", exact: true }).click();
  await expect(page).toHaveURL(/ordem=nome/);
  await expect(page.getByRole("columnheader", { name: "Cliente" })).toHaveAttribute("aria-sort", "ascending");
  const first = await cells.first().innerText();
  await page.getByRole("button", { name: "Cliente", exact: true }).click();
  await expect(page).toHaveURL(/ordem=-nome/);
  await expect(cells.first()).not.toHaveText(first);
});

test("a dense list has room for 60 rows at 1366×768", async ({ windowOf }) => {
  const page = await windowOf("operador@demo.test");
  const row = page.getByRole("row").nth(40);
  await expect(row).toBeAttached();
  await page.getByRole("button", { name: "Lista densa" }).click();
  await expect(row).toBeInViewport({ ratio: 1 });
  // The demonstration seeds fewer people: what the screen holds is measured by the height of a row.
  const first = await page.getByRole("row").nth(1).boundingBox();
  const fortieth = await row.boundingBox();
  const perRow = ((fortieth?.y ?? 0) - (first?.y ?? 0)) / 39;
  expect(perRow).toBeGreaterThan(8);
  expect((768 - (first?.y ?? 768)) / perRow).toBeGreaterThanOrEqual(60);
});
