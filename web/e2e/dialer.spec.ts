import type { APIRequestContext, Page } from "@playwright/test";
import { expect, openService, storedDispositions, test } from "./people.ts";

const host = "demo.3c.plus";
/** The agent of operador2@demo.test. */
const agent = 78;

/** The simulated dialer connects a call; the connection's id. */
async function connect(request: APIRequestContext, who: object): Promise<string> {
  const answer = await request.post("/simulators/threecplus/_control/call", {
    data: { host, agent_id: agent, ...who },
  });
  return ((await answer.json()) as { telephony_id: string }).telephony_id;
}

async function phoneOf(page: Page): Promise<string> {
  const shown = await page.getByRole("region", { name: "Telefones" }).innerText();
  return (/\(\d\d\) ?[\d-]+/.exec(shown)?.[0] ?? "").replaceAll(/\D/g, "");
}

test("a simulated call opens the screen by itself, and 4 puts its callback in the agenda", async ({
  windowOf,
  ownClient,
  request,
}) => {
  const other = await windowOf("supervisor@demo.test");
  await openService(other, ownClient);
  const clientId = new URL(other.url()).pathname.split("/").at(-1) ?? "";
  const phone = await phoneOf(other);
  await other.goto("/carteira");

  const mine = await windowOf("operador2@demo.test");
  await expect(mine.getByRole("button", { name: /^Notificações/ })).toBeVisible();
  await expect(async () => {
    await connect(request, { phone, identifier: clientId });
    await mine.waitForURL(`**/atendimento/${clientId}`, { timeout: 3_000 });
  }).toPass();
  await expect(mine.getByRole("button", { name: "Caixa Postal" })).toBeVisible();
  await mine.keyboard.press("4");
  const form = mine.getByRole("form", { name: "Horário do retorno" });
  await form.getByRole("button", { disabled: false }).filter({ hasNotText: "Agendar" }).last().click();
  await form.getByRole("button", { name: /Agendar/ }).click();
  await expect.poll(async () => (await storedDispositions(mine, clientId)).length).toBe(1);
});

test("a second call is announced and takes nothing away", async ({ windowOf, ownClients, request }) => {
  const [first, second] = await ownClients(2);
  if (!first || !second) throw new Error("two clients were asked for");
  const mine = await windowOf("operador2@demo.test");
  await openService(mine, second);
  const secondId = new URL(mine.url()).pathname.split("/").at(-1) ?? "";
  await openService(mine, first);
  const firstId = new URL(mine.url()).pathname.split("/").at(-1) ?? "";
  await connect(request, { phone: await phoneOf(mine), identifier: firstId });
  await mine.getByLabel("Observação").fill("metade de uma frase");
  await connect(request, { phone: "11955550000", identifier: secondId });
  await expect(mine.getByRole("status").filter({ hasText: /Ligação/ })).toBeVisible();
  await expect(mine).toHaveURL(new RegExp(firstId));
  await expect(mine.getByLabel("Observação")).toHaveValue("metade de uma frase");
});

test("the dialer's own link survives the login", async ({ browser, ownClient, windowOf }) => {
  const known = await windowOf("supervisor@demo.test");
  await openService(known, ownClient);
  const clientId = new URL(known.url()).pathname.split("/").at(-1) ?? "";
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`/atendimento?identifier=${clientId}&phone=11900000000`);
  await page.getByLabel("E-mail").fill("operador2@demo.test");
  await page.getByLabel("Senha", { exact: true }).fill("demo-demo-123");
  await page.getByRole("button", { name: "Entrar" }).click();
  await page.waitForURL(`**/atendimento/${clientId}`);
  await context.close();
});

test("a selection goes to a campaign and its result is told", async ({ windowOf, ownClient }) => {
  const page = await windowOf("supervisor@demo.test");
  await page.getByLabel("Buscar na carteira").fill(ownClient.code);
  await page
    .getByRole("row", { name: new RegExp(ownClient.code) })
    .getByRole("checkbox")
    .check();
  await page.getByRole("button", { name: "Discador" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("combobox", { name: "Campanha" }).click();
  await page.getByRole("option", { name: "Cobrança ativa" }).click();
  await dialog.getByLabel("Nome da lista").fill(`Lista ${ownClient.code}`);
  await dialog.getByRole("button", { name: "Enviar ao discador" }).click();
  const card = page.getByRole("listitem").filter({ hasText: `Lista ${ownClient.code}` });
  await expect(card.getByText("carregado", { exact: true })).toBeVisible();
  await expect(card.getByText(/telefones? carregados?/)).toBeVisible();
});

test("who has the client is told to whoever comes second", async ({ windowOf, ownClient }) => {
  const first = await windowOf("operador2@demo.test");
  await openService(first, ownClient);
  const second = await windowOf("supervisor@demo.test");
  await second.goto(first.url());
  await expect(second.getByText("Olívia Operadora está atendendo este cliente")).toBeVisible();
  await second.getByRole("button", { name: "Assumir atendimento" }).click();
  await second.getByLabel("Motivo").fill("Operadora saiu");
  await second.getByRole("button", { name: "Assumir", exact: true }).click();
  await expect(first.getByText("Sônia Supervisora está atendendo este cliente")).toBeVisible();
});
