import { readFile } from "node:fs/promises";
import { expectClean } from "./axe.ts";
import { newWord } from "./own-clients.ts";
import { expect, openService, test } from "./people.ts";

const settings = "/configuracoes";

test("a new outcome is on the operator's screen at once, and a change of it is taken back", async ({
  windowOf,
  ownClient,
}) => {
  const [admin, operator] = [await windowOf("admin@demo.test"), await windowOf("operador@demo.test")];
  await openService(operator, ownClient);
  const first = `Recado ${newWord()}`;
  const second = `Recado ${newWord()}`;
  await admin.goto(`${settings}/tabulacoes`);
  await admin.getByRole("button", { name: "Novo resultado" }).click();
  await admin.getByLabel("Nome no botão").fill(first);
  await admin.getByLabel("Cor", { exact: true }).selectOption("violet");
  await admin.getByLabel("Nome no botão").press("Enter");
  await expect(operator.getByRole("button", { name: first })).toBeVisible();

  await admin.getByRole("button", { name: `Alterar ${first}` }).press("Enter");
  await admin.getByLabel("Nome no botão").fill(second);
  await admin.getByRole("button", { name: "Salvar resultado" }).press("Enter");
  await expect(operator.getByRole("button", { name: second })).toBeVisible();
  await expectClean(admin);

  await admin.getByRole("button", { name: "Histórico" }).press("Enter");
  const changes = admin.getByRole("list", { name: "Mudanças" }).getByRole("listitem");
  const renamed = changes.filter({ hasText: "Tabulação mudada" }).filter({ hasText: `${first} → ${second}` });
  await expect(renamed).toContainText("Ana Administradora");
  await expect(renamed).toContainText("vale agora");
  const created = changes.filter({ hasText: "Tabulação criada" }).filter({ hasText: first });
  await created.getByRole("button", { name: "Restaurar esta versão" }).press("Enter");
  await created.getByRole("button", { name: "Restaurar", exact: true }).press("Enter");
  await expect(operator.getByRole("button", { name: first })).toBeVisible();
  await expectClean(admin, { within: "[role=dialog]" });
  await admin.keyboard.press("Escape");

  admin.on("dialog", (question) => void question.accept());
  await admin.getByRole("button", { name: `Excluir ${first}` }).click();
  await expect(operator.getByRole("button", { name: first })).toHaveCount(0);
});

test("the last outcome of a meaning and one that a rule waits for stay", { tag: "@proof" }, async ({ windowOf }) => {
  const page = await windowOf("admin@demo.test", { at: `${settings}/tabulacoes` });
  await page.getByRole("button", { name: "Alterar Retornar Ligação" }).click();
  await page.getByLabel(/^Pede dia e hora de retorno/).uncheck();
  await page.getByRole("button", { name: "Salvar resultado" }).click();
  await expect(page.getByRole("alert")).toContainText("último resultado na tela com esse significado");
  await page.getByRole("button", { name: "Voltar" }).click();
  await expect(page.getByRole("button", { name: "Excluir Caixa Postal" })).toBeDisabled();

  await page.goto(`${settings}/credores`);
  const owed = page.getByRole("listitem").filter({ hasText: "Lojas Sabiá" });
  await expect(owed.getByRole("button", { name: "Excluir Lojas Sabiá" })).toBeDisabled();
  await expectClean(page);
  await owed.getByRole("link", { name: /^Regras/ }).click();
  await expect(page.getByLabel("Regras de").locator("option:checked")).toHaveText("Lojas Sabiá");
});

test("a debtor gets their data, and what may still be collected stays with its basis", async ({
  windowOf,
  ownClient,
}) => {
  const page = await windowOf("admin@demo.test", { at: `/carteira/${ownClient.document}` });
  const privacy = page.getByRole("region", { name: "Pedidos da LGPD" });
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    privacy.getByRole("button", { name: "Entregar os dados" }).click(),
  ]);
  expect(file.suggestedFilename()).toMatch(/^dados-pessoais-\d{4}-\d{2}-\d{2}\.zip$/);
  expect((await readFile(await file.path())).subarray(0, 2).toString()).toBe("PK");

  await privacy.getByRole("button", { name: "Apagar a pessoa…" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText(/^fica: proteção do crédito/).first()).toBeVisible();
  await dialog.getByLabel(/^Para confirmar/).fill("Outra Pessoa");
  await dialog.getByRole("button", { name: "Apagar", exact: true }).click();
  await expect(dialog.getByRole("alert")).toContainText("não é o do cliente");
  await expectClean(page, { within: "[role=dialog]" });
  await dialog.getByLabel(/^Para confirmar/).fill(ownClient.name);
  await dialog.getByLabel(/^Para confirmar/).press("Enter");
  await expect(page.getByRole("dialog", { name: "Pedido respondido" })).toBeVisible();

  await page.goto(`${settings}/privacidade`);
  const asked = page.getByRole("list", { name: "Pedidos" }).getByRole("listitem").filter({ hasText: ownClient.name });
  await expect(asked).toHaveCount(2);
  await expect(asked.getByText(/^respondido/)).toHaveCount(2);
  await expectClean(page);
});
