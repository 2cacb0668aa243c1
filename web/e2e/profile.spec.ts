import { expect, test } from "./people.ts";

test("a client's own code is changed, shown and found", async ({ windowOf, ownClient }) => {
  const page = await windowOf("supervisor@demo.test");
  await page.goto(`/carteira/${ownClient.document}`);
  await page.getByRole("button", { name: "Editar cadastro" }).click();
  const dialog = page.getByRole("dialog", { name: "Editar cadastro" });
  await dialog.getByLabel("Código externo").fill(`CASA-${ownClient.code}`);
  await dialog.getByRole("button", { name: "Salvar" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText(`CASA-${ownClient.code}`)).toBeVisible();
  await page.goto(`/carteira?busca=CASA-${ownClient.code}`);
  await expect(page.getByRole("row")).toHaveCount(2);
});

test("an e-mail that is none is refused and nothing is changed", async ({ windowOf, ownClient }) => {
  const page = await windowOf("supervisor@demo.test");
  await page.goto(`/carteira/${ownClient.document}`);
  await page.getByRole("button", { name: "Editar cadastro" }).click();
  const dialog = page.getByRole("dialog", { name: "Editar cadastro" });
  await dialog.getByLabel("E-mail").fill("sem arroba");
  await dialog.getByRole("button", { name: "Salvar" }).click();
  await expect(dialog.getByRole("alert")).toContainText("valor que não vale");
});

test("an operator edits and assigns nothing in a profile", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await page.goto(`/carteira/${ownClient.document}`);
  await expect(page.getByRole("region", { name: "Telefones" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Editar cadastro" })).toHaveCount(0);
  await expect(page.getByLabel("Responsável", { exact: true })).toHaveCount(0);
});
