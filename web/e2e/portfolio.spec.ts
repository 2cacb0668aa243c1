import { expect, test } from "./people.ts";

test("search finds by name without accents, by document, phone and contract", async ({ windowOf }) => {
  const page = await windowOf("operador@demo.test");
  const search = page.getByLabel("Buscar na carteira");
  const row = page.getByRole("row", { name: /EXT-00020/ });
  await search.fill("EXT-00020");
  await expect(row).toBeVisible();
  const name = await row.getByRole("link").first().innerText();
  const [document = "", phone = ""] = [
    await row.getByRole("cell").nth(1).innerText(),
    await row.getByRole("cell").nth(3).innerText(),
  ];
  const unaccented = name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  for (const query of [unaccented, document, phone]) {
    await search.fill(query);
    await expect(page).toHaveURL(/busca=/);
    await expect(row).toBeVisible();
  }
  await row.getByRole("link").first().click();
  const contract = await page.getByRole("region", { name: "Títulos" }).getByRole("cell").first().innerText();
  await page.goto(`/carteira?busca=${contract.split(" ")[0] ?? ""}`);
  await expect(row).toBeVisible();
});

test("nobody matching is said, and never the whole carteira", async ({ windowOf }) => {
  const page = await windowOf("operador@demo.test");
  await page.goto("/carteira?busca=zzzzzz");
  await expect(page.getByText("Ninguém corresponde a este filtro")).toBeVisible();
  await expect(page.getByRole("row")).toHaveCount(0);
});

test("back keeps filter and place", async ({ windowOf }) => {
  const page = await windowOf("operador@demo.test", { viewport: { width: 1366, height: 500 } });
  await page.getByLabel("Situação").selectOption({ label: "Em aberto" });
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

test("an import shows what it would do, does it, and names each refused line", async ({ windowOf }) => {
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

test("a file that is no carteira is refused in a sentence", async ({ windowOf }) => {
  const page = await windowOf("supervisor@demo.test");
  await page.getByRole("button", { name: "Importar carteira" }).click();
  const dialog = page.getByRole("dialog", { name: "Importar carteira" });
  const file = {
    name: "lista.csv",
    mimeType: "text/csv",
    buffer: Buffer.from("Nome;Contrato;Vencimento;Valor\nAna;1;01/02/2026;10,00\n"),
  };
  await dialog.locator('input[type="file"]').setInputFiles(file);
  await dialog.getByRole("button", { name: "Conferir arquivo" }).click();
  await expect(dialog.getByRole("alert")).toContainText("coluna de CPF ou CNPJ");
  await expect(dialog.getByRole("button", { name: "Confirmar importação" })).toHaveCount(0);
});
