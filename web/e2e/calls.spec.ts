import { expectClean } from "./axe.ts";
import { connect, hangUp, newestCall, phoneOf } from "./calls.ts";
import { expect, openService, storedDispositions, test } from "./people.ts";

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
  const hour = await form.getByLabel("Hora").inputValue();
  await form.getByRole("button", { name: /Agendar/ }).click();
  await expect.poll(async () => (await storedDispositions(mine, clientId)).length).toBe(1);
  await mine.getByRole("link", { name: "Agenda" }).first().click();
  const promised = mine.getByRole("listitem").filter({ hasText: ownClient.name });
  await expect(promised).toContainText(hour);
});

test("a call is announced to whoever is filling something in, and opens by itself where nothing is lost", async ({
  windowOf,
  ownClients,
  request,
}) => {
  const [first, second] = await ownClients(2);
  if (!first || !second) throw new Error("two clients were asked for");
  const mine = await windowOf("operador2@demo.test");
  await openService(mine, second);
  const secondId = new URL(mine.url()).pathname.split("/").at(-1) ?? "";
  const phone = await phoneOf(mine);
  await openService(mine, first);
  await mine.keyboard.press("4");
  const field = mine.getByRole("form", { name: "Horário do retorno" }).getByLabel("Hora");
  await field.fill("15:4");
  await connect(request, { phone, identifier: secondId });
  await expect(mine.getByRole("status").filter({ hasText: /Ligação em andamento/ })).toBeVisible();
  await expect(field).toHaveValue("15:4");
  await mine.getByRole("link", { name: "Abrir atendimento" }).click();
  await mine.waitForURL(`**/atendimento/${secondId}`);
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
  await expect(mine.getByRole("status").filter({ hasText: /Outra ligação/ })).toBeVisible();
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

test("who has the client is told to whoever comes second", { tag: "@proof" }, async ({ windowOf, ownClient }) => {
  const first = await windowOf("operador2@demo.test");
  await openService(first, ownClient);
  const second = await windowOf("supervisor@demo.test", { at: first.url() });
  await expect(second.getByText("Olívia Operadora está atendendo este cliente")).toBeVisible();
  await second.getByRole("button", { name: "Assumir atendimento" }).click();
  await second.getByLabel("Motivo").fill("Operadora saiu");
  await second.getByRole("button", { name: "Assumir", exact: true }).click();
  await expect(first.getByText("Sônia Supervisora está atendendo este cliente")).toBeVisible();
});

test("by hand alone: call, see its time, be refused in a pause, come back after a reload", async ({
  windowOf,
  ownClient,
  request,
}) => {
  const mine = await windowOf("operador@demo.test");
  await openService(mine, ownClient);
  const desk = mine.getByRole("region", { name: "Ligações" });
  await expect(desk.getByText("Livre no discador")).toBeVisible();
  await expect(mine.getByRole("button", { name: /^Ligar/ })).toBeVisible();
  await mine.keyboard.press("Alt+c");
  await expect(desk.getByRole("timer")).toHaveText(/^\d+:\d\d$/);
  await expect(desk.getByText("Em ligação", { exact: true })).toBeVisible();
  await expectClean(mine);
  // Its timer speaks before the operator does, and is marked as what it is.
  await hangUp(request, (await newestCall(request)).telephony_id, { qualification_id: -3 });
  await expect(desk.getByText(/encerrada às .* falta a\s+tabulação/)).toBeVisible();
  const past = mine.getByRole("region", { name: "Linha do tempo" });
  await expect(past.getByText("automática do discador")).toBeVisible();
  await mine.keyboard.press("1");
  await expect(desk.getByText(/falta a\s+tabulação/)).toBeHidden();
  await expect(past.getByText("pela nossa tabulação")).toBeVisible();
  expect((await newestCall(request)).qualification?.id).toBe(34);

  await mine.keyboard.press("Alt+p");
  await mine.getByRole("menuitem", { name: "Almoço" }).press("Enter");
  await expect(desk.getByText("Em pausa")).toBeVisible();
  await mine.reload();
  await expect(desk.getByRole("button", { name: /^Voltar da pausa/ })).toBeVisible();
  await mine.getByRole("button", { name: /^Ligar/ }).click();
  await expect(mine.getByRole("alert").filter({ hasText: "livre no discador" })).toBeVisible();
  await mine.setViewportSize({ width: 390, height: 844 });
  await expectClean(mine);
  await mine.keyboard.press("Alt+p");
  await expect(desk.getByText("Livre no discador")).toBeVisible();
});

test("a number of nobody is searched for and linked, or disposed of without a name", { tag: "@proof" }, async ({
  windowOf,
  ownClient,
  request,
}) => {
  const mine = await windowOf("operador2@demo.test");
  await expect(mine.getByRole("region", { name: "Ligações" })).toBeVisible();
  const unknown = `119${Date.now() % 10 ** 8}`.padEnd(11, "0");
  await expect(async () => {
    await hangUp(request, await connect(request, { phone: unknown }));
    await mine.waitForURL("**/atendimento?ligacao=*", { timeout: 3_000 });
  }).toPass();
  await expect(mine.getByRole("heading", { name: "De quem é esta ligação?" })).toBeVisible();
  await expectClean(mine);
  await mine.getByRole("button", { name: "Contato Incorreto" }).click();
  await mine.waitForURL("**/carteira");
  await expect.poll(async () => (await newestCall(request)).qualification?.id).toBe(33);

  await hangUp(request, await connect(request, { phone: unknown }));
  await mine.waitForURL("**/atendimento?ligacao=*");
  await mine.getByLabel("Nome, documento, telefone ou contrato").fill(ownClient.code);
  await mine.getByRole("button", { name: new RegExp(ownClient.name) }).click();
  await mine.waitForURL(/atendimento\/[0-9a-f-]{36}$/);
  await expect(mine.getByRole("region", { name: "Telefones" })).toContainText("2 números");
  await mine.keyboard.press("1");
  await expect(mine.getByText("Registrada: Caixa Postal")).toBeVisible();
  // Without a call of the dialer nobody knows which of the two somebody else answered.
  await mine.keyboard.press("3");
  const which = mine.getByRole("group", { name: "Qual número não é do cliente?" });
  await expect(which.getByRole("button").first()).toBeFocused();
  await mine.keyboard.press("2");
  await expect(mine.getByText("Registrada: Contato Incorreto")).toBeVisible();
});

test("an unlawful moment says why, and the next lawful one is a press away", { tag: "@proof" }, async ({
  windowOf,
  ownClient,
}) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  const clientId = new URL(page.url()).pathname.split("/").at(-1) ?? "";
  await page.keyboard.press("4");
  const form = page.getByRole("form", { name: "Horário do retorno" });
  await form.getByRole("button", { name: "amanhã 09:00" }).click();
  await form.getByLabel("Hora").fill("23:00");
  await expect(form.getByText(/depois das \d\d:\d\d não se liga|não se liga aos domingos|feriado/)).toBeVisible();
  await form.getByRole("button", { name: /o próximo permitido$/ }).click();
  // Chosen, not yet promised.
  await expect(form.getByRole("button", { name: "Agendar retorno" })).toBeEnabled();
  expect(await storedDispositions(page, clientId)).toEqual([]);
  await form.getByRole("button", { name: "Agendar retorno" }).click();
  await expect.poll(async () => (await storedDispositions(page, clientId)).length).toBe(1);
});
