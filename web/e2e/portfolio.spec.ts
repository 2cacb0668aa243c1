import { expect, test } from "./people.ts";

test("search finds by name without accents, by document, phone and contract", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  const search = page.getByLabel("Buscar na carteira");
  const { name, document, phone, contract, code } = ownClient;
  const unaccented = name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  for (const query of [unaccented, document, phone.slice(3), contract, code]) {
    await search.fill(query);
    await expect(page.getByRole("row")).toHaveCount(2);
    await expect(page.getByRole("row", { name: new RegExp(code) })).toBeVisible();
    await search.fill("");
    await expect(page.getByRole("row").nth(2)).toBeVisible();
  }
});

test("nobody matching is said, and never the whole carteira", async ({ windowOf }) => {
  const page = await windowOf("operador@demo.test", { at: "/carteira?busca=zzzzzz" });
  await expect(page.getByText("Ninguém corresponde a este filtro")).toBeVisible();
  await expect(page.getByRole("row")).toHaveCount(0);
});

test("back keeps filter and place", async ({ windowOf }) => {
  const page = await windowOf("operador@demo.test", { viewport: { width: 1366, height: 500 } });
  await page.getByRole("button", { name: "Situação", exact: true }).click();
  await page.getByRole("group", { name: "Situação" }).getByLabel("Em aberto").check();
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/situacao=aberto/);
  const list = page.getByRole("region", { name: "Clientes" });
  await expect(page.getByRole("row").nth(20)).toBeVisible();
  await list.evaluate((element) => element.scrollTo(0, 480));
  await expect.poll(() => list.evaluate((element) => element.scrollTop)).toBeGreaterThan(400);
  const link = page.getByRole("row").nth(22).getByRole("link").first();
  const name = await link.innerText();
  await link.click();
  await expect(page.getByRole("heading", { name, level: 1 })).toBeVisible();
  await page.getByRole("main").getByRole("link", { name: "Carteira" }).click();
  await expect(page).toHaveURL(/situacao=aberto/);
  await expect.poll(() => list.evaluate((element) => element.scrollTop)).toBeGreaterThan(400);
});

test("an operator has no import button", async ({ windowOf }) => {
  const page = await windowOf("operador@demo.test");
  await expect(page.getByRole("row").nth(1)).toBeVisible();
  await expect(page.getByRole("button", { name: "Importar carteira" })).toHaveCount(0);
});

const csv = [
  "CPF;Nome;Credor;Contrato;Parcela;Vencimento;Valor;Telefone",
  "52998224725;Zilda da Importação;Banco Aurora S.A.;E2E-1;1;10/03/2026;1.234,56;(11) 98888-7777",
  "11111111111;Não Entra;Banco Aurora S.A.;E2E-2;1;10/03/2026;10,00;",
].join("\n");

test("an import shows what it would do, does it, and names each refused line", { tag: "@proof" }, async ({
  windowOf,
}) => {
  const page = await windowOf("supervisor@demo.test");
  await page.getByRole("button", { name: "Importar carteira" }).click();
  const dialog = page.getByRole("dialog", { name: "Importar carteira" });
  const file = { name: "carteira.csv", mimeType: "text/csv", buffer: Buffer.from(csv, "latin1") };
  await dialog.locator('input[type="file"]').setInputFiles(file);
  await dialog.getByRole("button", { name: "Conferir arquivo" }).click();
  await expect(dialog.getByText("Se você confirmar")).toBeVisible();
  await expect(dialog.getByText("1 linha: CPF/CNPJ inválido")).toBeVisible();
  await dialog.getByRole("button", { name: "Confirmar importação" }).click();
  await expect(dialog.getByText("Importação concluída")).toBeVisible();
  await expect(dialog.getByRole("row", { name: /^3 CPF 11111111111/ })).toBeVisible();
  await dialog.getByRole("button", { name: "Ver a carteira" }).click();
  await page.getByLabel("Buscar na carteira").fill("zilda");
  await expect(page.getByRole("link", { name: "Zilda da Importação", exact: true })).toBeVisible();
});

test("what no heading tells is asked, and the file waits for the answer", { tag: "@proof" }, async ({ windowOf }) => {
  const page = await windowOf("supervisor@demo.test");
  await page.getByRole("button", { name: "Importar carteira" }).click();
  const dialog = page.getByRole("dialog", { name: "Importar carteira" });
  const lines = ["Quem;Nome;Contrato;Vencimento;Valor", "39053344705;Ana Sem Cabeçalho;E2E-3;01/02/2026;10,00"];
  const file = { name: "lista.csv", mimeType: "text/csv", buffer: Buffer.from(`${lines.join("\n")}\n`) };
  await dialog.locator('input[type="file"]').setInputFiles(file);
  await expect(dialog.getByLabel("Qual coluna traz CPF ou CNPJ?")).toBeVisible();
  await dialog.getByLabel("Credor").selectOption({ index: 1 });
  await expect(dialog.getByRole("button", { name: "Conferir arquivo" })).toBeDisabled();
  await dialog.getByLabel("Qual coluna traz CPF ou CNPJ?").selectOption("Quem");
  await dialog.getByRole("button", { name: "Conferir arquivo" }).click();
  await expect(dialog.getByText("Se você confirmar")).toBeVisible();
  await expect(dialog.getByRole("button", { name: "Confirmar importação" })).toBeEnabled();
});

test("a file that is no table is refused in a sentence", { tag: "@proof" }, async ({ windowOf }) => {
  const page = await windowOf("supervisor@demo.test");
  await page.getByRole("button", { name: "Importar carteira" }).click();
  const dialog = page.getByRole("dialog", { name: "Importar carteira" });
  const file = { name: "foto.xlsx", mimeType: "image/png", buffer: Buffer.from("\x89PNG\r\n\x00\x00") };
  await dialog.locator('input[type="file"]').setInputFiles(file);
  await expect(dialog.getByRole("alert")).toBeVisible();
  await expect(dialog.getByRole("alert")).not.toContainText("Algo não saiu como esperado");
  await expect(dialog.getByRole("button", { name: "Confirmar importação" })).toHaveCount(0);
});
