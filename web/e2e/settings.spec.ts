import { expect, test } from "./people.ts";

test("an API key is shown once, and revoked", async ({ windowOf }) => {
  const page = await windowOf("admin@demo.test");
  await page.getByRole("link", { name: "Configurações" }).click();
  const name = `ERP ${Date.now()}`;
  await page.getByLabel("Nome da chave").fill(name);
  await page.getByRole("button", { name: "Criar chave" }).click();
  await expect(page.getByText(/^cbk_\w{20,}/)).toBeVisible();
  await page.reload();
  const row = page.getByRole("list", { name: "Chaves" }).getByRole("listitem").filter({ hasText: name });
  await expect(row).toBeVisible();
  await expect(page.getByText(/^cbk_\w{20,}/)).toHaveCount(0);
  page.on("dialog", (question) => void question.accept());
  await row.getByRole("button", { name: /^Revogar/ }).click();
  await expect(row.getByText(/^revogada/)).toBeVisible();
});

test("a supervisor changes no settings", { tag: "@proof" }, async ({ windowOf }) => {
  const page = await windowOf("supervisor@demo.test", { at: "/configuracoes" });
  await expect(page.getByText("Só administradores mudam as configurações")).toBeVisible();
  await expect(page.getByRole("button", { name: "Criar chave" })).toHaveCount(0);
});
