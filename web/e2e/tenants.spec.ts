import { rpcAs } from "./money.ts";
import { expect, password, test } from "./people.ts";

test("who joins a second agency says so, and sees the one's clients, then the other's, never both", async ({
  windowOf,
  ownClient,
  browser,
}) => {
  const email = `duas-${crypto.randomUUID()}@example.test`;
  const invitation = { email, role: "operator", display_name: "Dora Duas" };
  await rpcAs(await windowOf("admin@demo.test"), "invite", invitation);
  const other = await windowOf("admin@outra.test");
  const theirs = await other.getByRole("row").locator("td:first-child a").first().innerText();

  const page = await (await browser.newContext()).newPage();
  await page.goto("/convite");
  await page.getByLabel("Seu nome").fill("Dora Duas");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Senha", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Criar conta e entrar" }).click();
  const search = page.getByLabel("Buscar na carteira");
  await search.fill(ownClient.name);
  await expect(page.getByRole("link", { name: ownClient.name, exact: true })).toBeVisible();
  await search.fill(theirs);
  await expect(page.getByText("Ninguém corresponde a este filtro")).toBeVisible();

  await rpcAs(other, "invite", invitation);
  await page.getByRole("button", { name: "Aceitar o convite de Outra Assessoria" }).click();
  await expect(page.getByRole("button", { name: /^Conta de Dora Duas, Outra/ })).toBeVisible();
  await search.fill(theirs);
  await expect(page.getByRole("link", { name: theirs, exact: true })).toBeVisible();
  await search.fill(ownClient.name);
  await expect(page.getByText("Ninguém corresponde a este filtro")).toBeVisible();
  await page.goto(`/carteira/${ownClient.document}`);
  await expect(page.getByText("Não há cliente com este documento")).toBeVisible();
  // The choice lasts: a reload does not fall back to the first agency.
  await page.goto("/carteira");
  await expect(page.getByRole("button", { name: /^Conta de Dora Duas, Outra/ })).toBeVisible();

  await page.getByRole("button", { name: /^Conta de Dora Duas, Outra/ }).click();
  await page.getByRole("menuitem", { name: "Demo Cobranças" }).click();
  await expect(page.getByRole("button", { name: /^Conta de Dora Duas, Demo/ })).toBeVisible();
  // Whoever comes by another computer is asked which of the two.
  await page.evaluate(() => {
    for (const kept of [sessionStorage, localStorage]) kept.removeItem("cobranca.tenant");
  });
  await page.reload();
  await page.getByRole("button", { name: /^Demo Cobranças/ }).click();
  await expect(page.getByRole("button", { name: /^Conta de Dora Duas, Demo/ })).toBeVisible();
  await page.context().close();
});
