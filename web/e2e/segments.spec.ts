import type { Page } from "@playwright/test";
import { expect, test } from "./people.ts";

async function totalOf(page: Page): Promise<number> {
  const bar = page.getByText(/ clientes?( escolhidos?)?$/).first();
  await expect(bar).toBeVisible();
  return Number((await bar.innerText()).replace(/\D/g, ""));
}

/** Only this creditor's clients: what the rest of the carteira does changes no count. */
async function chooseCreditor(page: Page, creditor: string, clients: number): Promise<void> {
  await page.getByRole("button", { name: "Credor", exact: true }).first().click();
  const box = page.getByRole("group", { name: "Credor" }).locator("label", { hasText: creditor });
  await expect(box).toHaveText(`${creditor}${clients}`);
  await box.getByRole("checkbox").check();
  await page.keyboard.press("Escape");
  await expect.poll(() => totalOf(page)).toBe(clients);
}

test("a filter is saved as a segment, and everybody in it but one is assigned", async ({ windowOf, ownClients }) => {
  const clients = await ownClients(15);
  const inSp = clients.filter(({ uf }) => uf === "SP").length;
  const page = await windowOf("supervisor@demo.test");
  await chooseCreditor(page, clients[0]?.creditor ?? "", clients.length);
  await page.getByRole("button", { name: "Filtros", exact: true }).click();
  const panel = page.getByRole("complementary", { name: "Filtros" });
  await panel.getByLabel("61 a 90 dias").check();
  await panel.getByLabel("Valor mínimo em reais").fill("500");
  await panel.getByLabel("Valor mínimo em reais").press("Enter");
  await panel.getByLabel("Ainda não se sabe").check();
  const facet = panel.getByRole("group", { name: "UF" }).locator("label", { hasText: "SP" });
  await expect(facet).toHaveText(`SP${inSp}`);
  await facet.getByRole("checkbox").check();
  await expect(page).toHaveURL(/atraso=61-90.*uf=SP.*whatsapp=unknown.*valor-de=50000/);
  await expect.poll(() => totalOf(page)).toBe(inSp);

  const name = `Só um estado ${Date.now()}`;
  await page.getByRole("button", { name: "Segmentos" }).click();
  await page.getByRole("menuitem", { name: /Salvar ou excluir/ }).click();
  const dialog = page.getByRole("dialog", { name: "Segmentos" });
  await dialog.getByLabel("Nome do segmento").fill(name);
  await dialog.getByRole("button", { name: "Salvar segmento" }).click();
  await expect(dialog).toBeHidden();
  await page.goto("/carteira");
  await page.getByRole("button", { name: "Segmentos" }).click();
  await page.getByRole("menuitem", { name }).click();
  await expect(page).toHaveURL(/atraso=61-90.*uf=SP/);
  await expect.poll(() => totalOf(page)).toBe(inSp);

  await page.getByLabel("Escolher todos os que correspondem").check();
  await expect(page.getByRole("row")).toHaveCount(inSp + 1);
  const second = page.getByRole("row").nth(2);
  const leftOut = await second.getByRole("link").first().innerText();
  await second.getByRole("checkbox").uncheck();
  await expect.poll(() => totalOf(page)).toBe(inSp - 1);
  await page.getByRole("button", { name: "Atribuir" }).click();
  const assign = page.getByRole("dialog", { name: "Atribuir a um operador" });
  await expect(assign.getByText(/podem? entrar/)).toBeVisible();
  // Enter at once strips nobody: first somebody is chosen.
  await expect(assign.getByRole("button", { name: "Atribuir" })).toBeDisabled();
  await assign.getByLabel("Responsável").selectOption({ label: "Otávio Operador · Operador" });
  await assign.getByRole("button", { name: "Atribuir" }).click();
  await expect(assign).toBeHidden();
  await expect(page.getByRole("row").nth(1).getByText("Otávio Operador")).toBeVisible();
  await expect(page.getByRole("row", { name: new RegExp(leftOut) }).getByText("Otávio Operador")).toHaveCount(0);
});

test("x selects the row of the arrows, and the way back keeps the choice", async ({ windowOf }) => {
  const page = await windowOf("supervisor@demo.test");
  await expect(page.getByRole("row").nth(3)).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Control+x");
  await page.keyboard.press("Control+a");
  await page.keyboard.press("x");
  await expect(page.getByText("1 cliente escolhido")).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("region", { name: "Títulos" })).toBeVisible();
  await page.goBack();
  await expect(page.getByText("1 cliente escolhido")).toBeVisible();
});

test("looking at what WhatsApp and the dialer would do sends nothing", async ({ windowOf }) => {
  const page = await windowOf("supervisor@demo.test");
  const sent: string[] = [];
  page.on("request", (request) => {
    const acts = /\/rpc\/(create|request|start|send)_|\/functions\/v1\//.test(request.url());
    if (acts && request.method() === "POST") sent.push(request.url());
  });
  await page.getByLabel("Escolher todos os que correspondem").check();
  const toolbar = page.getByRole("toolbar");
  await toolbar.getByRole("button", { name: "Discador" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText(/podem? entrar/)).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await toolbar.getByRole("button", { name: "WhatsApp" }).click();
  await expect(page.getByRole("region", { name: "Quem recebe" })).toBeVisible();
  await page.getByRole("link", { name: "Voltar à carteira" }).click();
  await expect(page.getByRole("heading", { name: "Carteira" })).toBeVisible();
  expect(sent).toEqual([]);
});

test("an export arrives as a file", async ({ windowOf }) => {
  const page = await windowOf("supervisor@demo.test");
  await page.getByRole("row").nth(1).getByRole("checkbox").check();
  await page.getByRole("button", { name: "Exportar" }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Baixar planilha" }).click();
  expect((await download).suggestedFilename()).toMatch(/^carteira-\d{4}-\d{2}-\d{2}\.csv$/);
  await expect(page.getByText("O arquivo saiu inteiro, com 1 cliente.")).toBeVisible();

  // What breaks on the way is told here, too, and may be asked for again.
  await page.route("**/rpc/export_outcome", (route) => route.fulfill({ json: { state: "incomplete", clients: null } }));
  await page.getByRole("button", { name: "Baixar de novo" }).click();
  await expect(page.getByRole("alert")).toHaveText(/arquivo ficou incompleto/);
});

test("an operator chooses nobody", { tag: "@proof" }, async ({ windowOf }) => {
  const page = await windowOf("operador@demo.test");
  await expect(page.getByRole("row").nth(1)).toBeVisible();
  await expect(page.getByRole("checkbox")).toHaveCount(0);
});

test("an address with an unknown filter is refused, and never shows the whole carteira", async ({ windowOf }) => {
  const page = await windowOf("operador@demo.test", { at: "/carteira?cidade=Recife" });
  await expect(page.getByRole("alert")).toContainText("Este filtro não existe mais");
  await expect(page.getByRole("row")).toHaveCount(0);
});

test("every shown column orders the list, both ways, and the address keeps it", { tag: "@proof" }, async ({
  windowOf,
  ownClients,
}) => {
  const clients = await ownClients(5);
  const page = await windowOf("operador@demo.test");
  await chooseCreditor(page, clients[0]?.creditor ?? "", clients.length);
  const heads = page.getByRole("columnheader");
  await expect(heads.getByRole("button")).toHaveCount((await heads.count()) - 1);
  const cells = (column: number) => page.getByRole("row").locator(`td:nth-child(${column})`);
  await page.getByRole("button", { name: "Telefone", exact: true }).click();
  await expect(page).toHaveURL(/ordem=telefone/);
  await expect(page.getByRole("columnheader", { name: "Telefone" })).toHaveAttribute("aria-sort", "ascending");
  const local = (phone: string): string => `(${phone.slice(3, 5)}) ${phone.slice(5, 10)}-${phone.slice(10)}`;
  const phones = clients.map(({ phone }) => local(phone)).sort();
  await expect(cells(4)).toHaveText(phones);
  await page.getByRole("button", { name: "Telefone", exact: true }).click();
  await expect(page).toHaveURL(/ordem=-telefone/);
  await expect(cells(4)).toHaveText([...phones].reverse());
  await page.getByRole("button", { name: "CPF/CNPJ", exact: true }).click();
  const documents = clients.map(({ document }) => document).sort();
  await expect(cells(2)).toHaveText(documents.map((each) => new RegExp(each.slice(0, 3))));
  for (const [head, word] of [
    ["Credor", "credor"],
    ["Títulos", "-titulos"],
    ["Mais antigo", "vencimento"],
  ] as const) {
    await page.getByRole("columnheader").getByRole("button", { name: head, exact: true }).click();
    await expect(page).toHaveURL(new RegExp(`ordem=${word}`));
    await expect(page.getByRole("row")).toHaveCount(clients.length + 1);
  }
});

test("a dense list has room for 60 rows at 1366×768, in letters that can be read", async ({ windowOf, ownClients }) => {
  await ownClients(60);
  const page = await windowOf("operador@demo.test");
  const sixtieth = page.getByRole("row").nth(60);
  await expect(sixtieth).toBeAttached();
  await page.getByRole("button", { name: "Lista densa" }).click();
  await expect(sixtieth).toBeInViewport({ ratio: 1 });
  await expect(page.getByRole("row").nth(1)).toBeInViewport({ ratio: 1 });
  const sizes = await sixtieth
    .locator("td, td a, td span")
    .evaluateAll((all) => all.map((each) => Number.parseFloat(getComputedStyle(each).fontSize)));
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(12);
});
