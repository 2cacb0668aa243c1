import { fileURLToPath } from "node:url";
import { inventClients, newWord } from "./own-clients.ts";
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

test("a file without a creditor column is asked for it, and is sent once for its columns, its check and its import", async ({
  windowOf,
}) => {
  const page = await windowOf("admin@demo.test");
  const creditor = `Credor ${newWord()}`;
  const [client] = inventClients(1, creditor);
  if (!client) throw new Error("one was asked for");
  const sent: string[] = [];
  page.on("request", (request) => {
    if (request.headers()["content-type"]?.startsWith("multipart/form-data")) sent.push(request.url());
  });
  await page.getByRole("button", { name: "Importar carteira" }).click();
  const dialog = page.getByRole("dialog", { name: "Importar carteira" });
  const line = [client.document, client.name, "x12345678", client.contract, "2026-01-10", "123,45"];
  const text = `CPF;Nome;Celular;Contrato;Vencimento;Valor\n${line.join(";")}\n`;
  const file = { name: "sem-credor.csv", mimeType: "text/csv", buffer: Buffer.from(text) };
  await dialog.locator('input[type="file"]').setInputFiles(file);
  await expect(dialog.getByText(/^Nenhuma coluna traz o credor/)).toBeVisible();
  const check = dialog.getByRole("button", { name: "Conferir arquivo" });
  await expect(check).toBeDisabled();
  await dialog.getByLabel("Credor", { exact: true }).selectOption("Credor novo…");
  await expect(check).toBeDisabled();
  await dialog.getByLabel("Nome do credor novo").fill(creditor);
  await check.click();
  await expect(dialog.getByText(/ficou de fora: 1 telefone\./)).toBeVisible();
  await dialog.getByRole("button", { name: "Voltar às colunas" }).click();
  await check.click();
  await dialog.getByRole("button", { name: "Confirmar importação" }).click();
  await expect(dialog.getByText("Importação concluída")).toBeVisible();
  await dialog.getByRole("button", { name: "Ver a carteira" }).click();
  expect(sent).toHaveLength(1);
  await page.getByLabel("Buscar na carteira").fill(client.document);
  await expect(page.getByRole("row", { name: new RegExp(client.name) }).getByText(creditor)).toBeVisible();
});

test("an upload is stopped, and a check whose answer is lost on the way is told by its row", async ({ windowOf }) => {
  const page = await windowOf("admin@demo.test");
  const [client] = inventClients(1, `Credor ${newWord()}`);
  if (!client) throw new Error("one was asked for");
  await page.getByRole("button", { name: "Importar carteira" }).click();
  const dialog = page.getByRole("dialog", { name: "Importar carteira" });
  const line = [client.document, client.name, client.creditor, client.contract, "2026-01-10", "123,45"];
  const text = `CPF;Nome;Credor;Contrato;Vencimento;Valor\n${line.join(";")}\n`;
  const file = { name: "lenta.csv", mimeType: "text/csv", buffer: Buffer.from(text) };
  await dialog.locator('input[type="file"]').setInputFiles(file);
  const check = dialog.getByRole("button", { name: "Conferir arquivo" });
  const dryRuns = /portfolio-import\?dry_run=true/;
  await page.route(dryRuns, () => {}); // a line so slow that nothing ever arrives
  await check.click();
  await expect(dialog.getByText("Enviando o arquivo…")).toBeVisible();
  await dialog.getByRole("button", { name: "Parar o envio" }).click();
  await expect(dialog.getByText("Enviando o arquivo…")).toBeHidden();
  await expect(dialog.getByRole("alert")).toBeHidden();

  await page.unroute(dryRuns);
  await page.route(dryRuns, async (route) => {
    await route.fetch();
    await route.abort();
  });
  await check.click();
  await expect(dialog.getByText("Se você confirmar")).toBeVisible();
  await expect(dialog.getByText("Títulos novos")).toBeVisible();
  await dialog.getByRole("button", { name: "Confirmar importação" }).click();
  await expect(dialog.getByText("Importação concluída")).toBeVisible();
});
