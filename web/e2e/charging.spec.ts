import { expectClean } from "./axe.ts";
import { expect, openService, test } from "./people.ts";

test("a creditor gets charges of its own, and the statement counts with them at once", async ({
  windowOf,
  ownClients,
}) => {
  const [client] = await ownClients(1);
  if (!client) throw new Error("one client was asked for");
  const admin = await windowOf("admin@demo.test", { at: "/configuracoes" });
  await admin.getByRole("link", { name: "Cobrança", exact: true }).click();
  await admin.getByLabel("Regras de").selectOption({ label: client.creditor });
  const charges = admin.getByRole("region", { name: "Encargos por atraso" });
  await expect(charges.getByText("Este credor segue a regra geral")).toBeVisible();
  await charges.getByLabel("Multa, %").fill("3");
  await charges.getByRole("button", { name: "Salvar nova versão" }).click();
  await expect(charges.getByText("há um valor que não vale")).toBeVisible();
  await charges.getByLabel("Multa, %").fill("1,");
  await expect(charges.getByRole("button", { name: "Salvar nova versão" })).toBeDisabled();
  await charges.getByLabel("Multa, %").fill("1,5");
  await charges.getByRole("button", { name: "Salvar nova versão" }).click();
  await expect(charges.getByText(/Versão 1, desde .*: multa 1,5%/)).toBeVisible();

  const page = await windowOf("operador@demo.test");
  await openService(page, client);
  await page
    .getByRole("region", { name: "Títulos" })
    .getByRole("button", { name: /memória de cálculo/ })
    .first()
    .click();
  await expect(page.getByRole("row", { name: /^Multa .* × 1,5%/ })).toBeVisible();
});

test("whom a new deadline reaches is shown before it is saved, and a table of factors is read or refused", {
  tag: "@proof",
}, async ({ windowOf }) => {
  const admin = await windowOf("admin@demo.test", { at: "/configuracoes/cobranca" });
  const terms = admin.getByRole("region", { name: "Prazos e pagamentos dos acordos" });
  await expect(terms.getByRole("radio", { name: /só para acordos novos/ })).toBeChecked();
  await terms.getByLabel("Quebra provisória").fill("2");
  await terms.getByRole("button", { name: "Ver quem seria afetado" }).click();
  await expect(terms.getByText(/em vigor\. Se valer também para eles/)).toBeVisible();
  const index = admin.getByRole("region", { name: "Índices de correção" });
  await index.getByLabel("Ou cole aqui").fill("2024-01;0,42\nfevereiro;0,83 2");
  await expect(index.getByText("Não deu para ler: 1 linha (2)")).toBeVisible();
  await expect(index.getByRole("button", { name: /^Carregar/ })).toBeDisabled();
  await expectClean(admin);
});

test("an operator sets no rules", { tag: "@proof" }, async ({ windowOf }) => {
  const page = await windowOf("operador@demo.test", { at: "/configuracoes/cobranca" });
  await expect(page.getByText("Só administradores mudam as configurações")).toBeVisible();
  await expect(page.getByRole("button", { name: /^Salvar/ })).toHaveCount(0);
});
