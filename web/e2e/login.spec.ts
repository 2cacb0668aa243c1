import { expect, signIn, test } from "./people.ts";

test("a wrong password is refused in a sentence, and the right one still works", async ({ page }) => {
  await page.goto("/login");
  await signIn(page, "operador@demo.test", "errada-errada");
  await expect(page.getByRole("alert")).toHaveText("E-mail ou senha incorretos.");
  await expect(page).toHaveURL(/\/login/);
  await signIn(page, "operador@demo.test");
  await expect(page.getByRole("heading", { name: "Carteira" })).toBeVisible();
});

test("signing in returns to the page that was asked for, filter included", async ({ page }) => {
  await page.goto("/carteira?busca=modelo&situacao=aberto");
  await expect(page).toHaveURL(/\/login\?voltar=/);
  await signIn(page, "operador@demo.test");
  await expect(page).toHaveURL(/\/carteira\?busca=modelo&situacao=aberto$/);
  await expect(page.getByLabel("Buscar na carteira")).toHaveValue("modelo");
});

test("signing in never leads to another site", async ({ page }) => {
  await page.goto("/login?voltar=//example.com/roubo");
  await signIn(page, "operador@demo.test");
  await expect(page).toHaveURL(/\/carteira$/);
});

test("signing out closes every page again", async ({ windowOf }) => {
  const page = await windowOf("operador@demo.test");
  await page.getByRole("button", { name: /^Conta de/ }).click();
  await page.getByRole("menuitem", { name: "Sair" }).click();
  await expect(page.getByRole("heading", { name: "Entre na sua conta" })).toBeVisible();
  await page.goto("/automacao");
  await expect(page).toHaveURL(/\/login/);
});

test("an account without an invitation sees no tenant", async ({ page }) => {
  await page.goto("/convite");
  await page.getByLabel("Seu nome").fill("Zé Ninguém");
  await page.getByLabel("E-mail").fill(`ninguem-${crypto.randomUUID()}@example.test`);
  await page.getByLabel("Senha", { exact: true }).fill("demo-demo-123");
  await page.getByRole("button", { name: "Criar conta e entrar" }).click();
  await expect(page.getByRole("heading", { name: "Falta um convite" })).toBeVisible();
  await expect(page.getByRole("navigation")).toHaveCount(0);
});
