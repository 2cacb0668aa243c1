import { expect, test } from "./people.ts";

test("a client's own code is changed, shown and found", async ({ windowOf }) => {
  const page = await windowOf("supervisor@demo.test");
  await page.goto("/carteira?busca=EXT-00021");
  await page.getByRole("row").nth(1).getByRole("link").first().click();
  await page.getByRole("button", { name: "Editar cadastro" }).click();
  const dialog = page.getByRole("dialog", { name: "Editar cadastro" });
  await dialog.getByLabel("Código externo").fill("CASA-21");
  await dialog.getByRole("button", { name: "Salvar" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText("CASA-21")).toBeVisible();
  await page.goto("/carteira?busca=CASA-21");
  await expect(page.getByRole("row")).toHaveCount(2);
});

test("an e-mail that is none is refused and nothing is changed", async ({ windowOf }) => {
  const page = await windowOf("supervisor@demo.test");
  await page.goto("/carteira?busca=EXT-00022");
  await page.getByRole("row").nth(1).getByRole("link").first().click();
  await page.getByRole("button", { name: "Editar cadastro" }).click();
  const dialog = page.getByRole("dialog", { name: "Editar cadastro" });
  await dialog.getByLabel("E-mail").fill("sem arroba");
  await dialog.getByRole("button", { name: "Salvar" }).click();
  await expect(dialog.getByRole("alert")).toContainText("valor que não vale");
});

test("an operator edits and assigns nothing in a profile", async ({ windowOf }) => {
  const page = await windowOf("operador@demo.test");
  await page.goto("/carteira?busca=EXT-00023");
  await page.getByRole("row").nth(1).getByRole("link").first().click();
  await expect(page.getByRole("region", { name: "Telefones" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Editar cadastro" })).toHaveCount(0);
  await expect(page.getByLabel("Responsável", { exact: true })).toHaveCount(0);
});
