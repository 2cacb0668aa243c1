import { fileURLToPath } from "node:url";
import { expect, test } from "./people.ts";

/** A creditor's own spreadsheet: title rows, documents as numbers, a TOTAL row, bad lines. Given by who runs the tests. */
const workbook = fileURLToPath(new URL("../../tests/portfolio/data/carteira_500.xlsx", import.meta.url));

test("a spreadsheet goes in as it is, its rejects come out, and it is rolled back", async ({ windowOf }) => {
  const page = await windowOf("admin@demo.test");
  const before = await page
    .getByText(/ clientes?$/)
    .first()
    .innerText();
  await page.getByRole("button", { name: "Importar carteira" }).click();
  const dialog = page.getByRole("dialog", { name: "Importar carteira" });
  await dialog.locator('input[type="file"]').setInputFiles(workbook);
  await expect(dialog.getByRole("region", { name: "Primeiras linhas do arquivo" })).toBeVisible();
  await dialog.getByRole("button", { name: "Conferir arquivo" }).click();
  await expect(dialog.getByText("Se você confirmar")).toBeVisible();
  await dialog.getByRole("button", { name: "Confirmar importação" }).click();
  await expect(dialog.getByText("Importação concluída")).toBeVisible();
  const download = page.waitForEvent("download");
  await dialog.getByRole("button", { name: "Baixar rejeitadas" }).click();
  expect((await download).suggestedFilename()).toMatch(/^recusados-.*\.xlsx$/);
  await dialog.getByRole("button", { name: "Ver a carteira" }).click();
  await expect(page.getByText(/ clientes?$/).first()).not.toHaveText(before);

  await page.getByRole("button", { name: "Importar carteira" }).click();
  page.on("dialog", (question) => void question.accept());
  // By its name: the list may still show the imports of before.
  await dialog.getByRole("button", { name: "Desfazer carteira_500.xlsx" }).first().click();
  await expect(dialog.getByText(/^Importação desfeita/)).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByText(/ clientes?$/).first()).toHaveText(before);
});
