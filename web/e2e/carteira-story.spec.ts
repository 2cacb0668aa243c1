import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Locator, Page } from "@playwright/test";
import { newCpf, newWord } from "./own-clients.ts";
import { expect, test } from "./people.ts";
import { digits, write } from "./talks.ts";

const workbook = fileURLToPath(new URL("../../tests/portfolio/data/carteira_500.xlsx", import.meta.url));

async function openDialog(page: Page): Promise<Locator> {
  await page.getByRole("button", { name: "Importar carteira" }).click();
  return page.getByRole("dialog", { name: "Importar carteira" });
}

async function finish(dialog: Locator): Promise<void> {
  await dialog.getByRole("button", { name: "Conferir arquivo" }).click();
  await expect(dialog.getByText("Se você confirmar")).toBeVisible();
  await dialog.getByRole("button", { name: "Confirmar importação" }).click();
  await expect(dialog.getByText("Importação concluída")).toBeVisible();
}

/** The refused lines as text: the button's file is a workbook, which a test cannot mend. */
async function rejectsOf(page: Page, fileName: string): Promise<string> {
  return page.evaluate(async (name) => {
    const session = JSON.parse(localStorage.getItem("cobranca.session") ?? "{}") as { access_token: string };
    const apikey = document.querySelector<HTMLMetaElement>('meta[name="supabase-publishable-key"]')?.content ?? "";
    const headers = { apikey, Authorization: `Bearer ${session.access_token}` };
    const newest = `/rest/v1/imports?file_name=eq.${name}&order=created_at.desc&limit=1&select=id`;
    const [{ id }] = (await (await fetch(newest, { headers })).json()) as [{ id: string }];
    return (await fetch(`/functions/v1/portfolio-rejects?import_id=${id}&format=csv`, { headers })).text();
  }, fileName);
}

/** As a person would: a right document, day and value in every refused line, and a contract of its own. */
function mended(rejects: string): { text: string; lines: number } {
  const [header = "", ...lines] = rejects
    .replace(/^\uFEFF/, "")
    .trim()
    .split(/\r?\n/);
  const titles = header.split(";");
  const place = (title: string): number => titles.indexOf(title);
  const right = lines.map((line) => {
    const cells = line.split(";");
    cells[place("CPF/CNPJ")] = newCpf();
    cells[place("Nome do Devedor")] = `Pessoa Corrigida ${newWord()}`;
    cells[place("Vencimento")] = "28/02/2026";
    cells[place("Valor")] = "650,00";
    cells[place("Contrato")] = `M${newWord()}${newCpf()}`;
    return cells.join(";");
  });
  return { text: [header, ...right].join("\n"), lines: right.length };
}

test("a new agency's first day: a file in, its rejects mended, taken back; then some found, kept, given and exported", {
  tag: "@proof",
}, async ({ windowOf, ownClients, request }) => {
  test.setTimeout(180_000);
  const page = await windowOf("admin@demo.test");
  let dialog = await openDialog(page);
  await dialog.locator('input[type="file"]').setInputFiles(workbook);
  await expect(dialog.getByRole("region", { name: "Primeiras linhas do arquivo" })).toBeVisible();
  await finish(dialog);
  const { text, lines } = mended(await rejectsOf(page, "carteira_500.xlsx"));
  expect(lines).toBeGreaterThan(0);
  await dialog.getByRole("button", { name: "Ver a carteira" }).click();

  dialog = await openDialog(page);
  const file = { name: "recusados-carteira_500.csv", mimeType: "text/csv", buffer: Buffer.from(text) };
  await dialog.locator('input[type="file"]').setInputFiles(file);
  await finish(dialog);
  // As many titles as there were lines.
  await expect(dialog.getByText(String(lines), { exact: true }).first()).toBeVisible();
  await expect(dialog.getByRole("button", { name: "Baixar rejeitadas" })).toHaveCount(0);
  await dialog.getByRole("button", { name: "Ver a carteira" }).click();

  dialog = await openDialog(page);
  page.on("dialog", (question) => void question.accept());
  await dialog.getByRole("button", { name: "Desfazer carteira_500.xlsx" }).first().click();
  await expect(dialog.getByText(/^Importação desfeita/)).toBeVisible();
  await page.keyboard.press("Escape");

  // Two of three in SP have written: theirs is the proof that there is WhatsApp.
  const clients = await ownClients(15);
  const inSp = clients.filter(({ uf }) => uf === "SP");
  const talking = inSp.slice(0, 2);
  for (const client of talking) await write(request, digits(client), "Bom dia");
  const creditor = clients[0]?.creditor ?? "";
  const rows = page.getByRole("row", { name: new RegExp(clients[0]?.code.split("-")[0] ?? "") });
  await expect(async () => {
    await page.goto("/carteira?atraso=61-90&uf=SP&whatsapp=true&valor-de=50000");
    await page.getByLabel("Buscar na carteira").fill(clients[0]?.code.split("-")[0] ?? "");
    await expect(rows).toHaveCount(talking.length, { timeout: 3000 });
  }).toPass();

  await page.goto("/carteira");
  await page.getByRole("button", { name: "Credor", exact: true }).first().click();
  await page
    .getByRole("group", { name: "Credor" })
    .locator("label", { hasText: creditor })
    .getByRole("checkbox")
    .check();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Filtros", exact: true }).click();
  const panel = page.getByRole("complementary", { name: "Filtros" });
  await panel.getByLabel("61 a 90 dias").check();
  await panel.getByLabel("Valor mínimo em reais").fill("500");
  await panel.getByLabel("Valor mínimo em reais").press("Enter");
  await panel.getByRole("group", { name: "UF" }).locator("label", { hasText: "SP" }).getByRole("checkbox").check();
  await panel.getByRole("group", { name: "WhatsApp" }).getByLabel("Com WhatsApp").check();
  await expect(page).toHaveURL(/atraso=61-90.*uf=SP.*whatsapp=true.*valor-de=50000/);
  await expect(page.getByText("2 clientes", { exact: true }).first()).toBeVisible();

  const name = `Com WhatsApp ${Date.now()}`;
  await page.getByRole("button", { name: "Segmentos" }).click();
  await page.getByRole("menuitem", { name: /Salvar ou excluir/ }).click();
  const segments = page.getByRole("dialog", { name: "Segmentos" });
  await segments.getByLabel("Nome do segmento").fill(name);
  await segments.getByRole("button", { name: "Salvar segmento" }).click();
  await expect(segments).toBeHidden();
  await page.goto("/carteira");
  await page.getByRole("button", { name: "Segmentos" }).click();
  await page.getByRole("menuitem", { name }).click();
  await expect(page.getByText("2 clientes", { exact: true }).first()).toBeVisible();

  await page.getByLabel("Escolher todos os que correspondem").check();
  await page.getByRole("button", { name: "Atribuir" }).click();
  const assign = page.getByRole("dialog", { name: "Atribuir a um operador" });
  await assign.getByLabel("Responsável").selectOption({ label: "Otávio Operador · Operador" });
  await assign.getByRole("button", { name: "Atribuir" }).click();
  await expect(assign).toBeHidden();
  await expect(page.getByRole("row").getByText("Otávio Operador")).toHaveCount(talking.length);

  await page.getByLabel("Escolher todos os que correspondem").check();
  await page.getByRole("button", { name: "Exportar" }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Baixar planilha" }).click();
  const sheet = await readFile(await (await download).path(), "utf8");
  await expect(page.getByText("O arquivo saiu inteiro, com 2 clientes.")).toBeVisible();
  for (const client of talking) expect(sheet).toContain(client.name);
  for (const client of inSp.slice(2)) expect(sheet).not.toContain(client.name);
  expect(sheet.match(/Sim/g)).toHaveLength(talking.length);
});
