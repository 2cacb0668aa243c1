import { readFile } from "node:fs/promises";
import type { APIRequestContext, Download, Page } from "@playwright/test";
import type { OwnClient } from "./own-clients.ts";
import { expect, test } from "./people.ts";
import { compose, number, people, schedule, send, state } from "./sending.ts";

/** The provider's answer to the next message to this person. */
async function refuse(request: APIRequestContext, phone: string): Promise<void> {
  await request.post("/simulators/gupshup/_control/misbehave", {
    data: { do: "answer", status: 400, body: { status: "error", code: 1008 }, phone: phone.slice(1) },
  });
}

async function text(download: Download): Promise<string> {
  return readFile(await download.path(), "utf8");
}

test("a selection is sent, watched to its end, and its failures are taken home", async ({ windowOf, request }) => {
  const clients = await people(request, 5);
  const refused = clients[1] as OwnClient;
  const page = await windowOf("supervisor@demo.test");
  await compose(page, clients);
  await expect(page.getByText("4 de 5 clientes recebem.")).toBeVisible();
  await expect(page.getByRole("region", { name: "Ficam de fora" })).toHaveText(/1 sem celular que possa ter WhatsApp/);
  const cost = page.getByRole("region", { name: "Custo previsto" });
  await expect(cost).toContainText("4 × ");
  await expect(cost).toContainText("tabela indicativa");
  const sample = page.getByRole("figure", { name: "Prévia da mensagem" });
  await expect(sample).toContainText(/Olá, \p{L}+! Aqui é da Demo Cobranças/u);
  const shown = await sample.innerText();
  await sample.getByRole("button", { name: "Próxima pessoa" }).click();
  await expect(sample).not.toHaveText(shown);

  await refuse(request, refused.phone);
  await send(page);
  await expect(state(page)).toHaveText("concluído");
  await expect(number(page, "Falharam")).toHaveText(/^1/);
  await expect(number(page, "Fora do disparo")).toHaveText(/^1/);
  // Receipts arrive when they like; nobody reloads.
  await expect(number(page, "Lidas")).toHaveText(/^3/);
  await number(page, "Falharam").click();
  const row = page.getByRole("region", { name: "Resultados" }).getByRole("row", { name: refused.name });
  await expect(row).toContainText("recusada pela política do WhatsApp");
  await page.getByRole("button", { name: "Baixar" }).click();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: "CSV, abre no Excel" }).first().click(),
  ]);
  const lines = (await text(file)).trim().split("\n");
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain(refused.document);
  expect(lines[1]).toContain("recusada pela política do WhatsApp");
  await row.getByRole("link", { name: refused.name }).click();
  await page.waitForURL(`**/carteira/${refused.document}`);
});

/** From this many recipients on a second person confirms. */
async function confirmAbove(admin: Page, recipients: number): Promise<void> {
  const status = await admin.evaluate(async (limit) => {
    const { access_token } = JSON.parse(localStorage.getItem("cobranca.session") ?? "{}") as { access_token: string };
    const apikey = document.querySelector<HTMLMetaElement>('meta[name="supabase-publishable-key"]')?.content ?? "";
    const headers = { apikey, Authorization: `Bearer ${access_token}`, "Content-Type": "application/json" };
    const body = JSON.stringify({ confirm_above_recipients: limit });
    const all = "/rest/v1/message_policies?confirm_above_recipients=gte.0";
    const changed = await fetch(all, {
      method: "PATCH",
      headers: { ...headers, Prefer: "return=representation" },
      body,
    });
    if (((await changed.json()) as unknown[]).length > 0) return changed.status;
    return (await fetch("/rest/v1/message_policies", { method: "POST", headers, body })).status;
  }, recipients);
  expect([200, 201]).toContain(status);
}

test("above the limit a second person decides, and the author sees it happen", async ({ windowOf, request }) => {
  const admin = await windowOf("admin@demo.test");
  const author = await windowOf("supervisor@demo.test");
  await confirmAbove(admin, 1);
  try {
    const clients = await people(request, 4);
    await compose(author, clients);
    await expect(author.getByText(/Acima de 1 pessoa no mesmo dia, outra pessoa da supervisão/)).toBeVisible();
    await author.getByRole("button", { name: "Pedir confirmação" }).click();
    await author.waitForURL(/\/disparos\/[0-9a-f-]{36}$/);
    await expect(state(author)).toHaveText("espera confirmação");
    await expect(author.getByRole("button", { name: "Confirmar" })).toHaveCount(0);

    await admin.getByRole("button", { name: /^Notificações/ }).click();
    await admin
      .getByRole("link", { name: /Um disparo espera confirmação/ })
      .first()
      .click();
    await admin.waitForURL(`**${new URL(author.url()).pathname}`);
    await admin.getByRole("button", { name: "Confirmar" }).click();
    await admin.getByRole("dialog").getByRole("button", { name: "Confirmar e enviar" }).click();
    await expect(state(author)).toHaveText("concluído");
    await expect(author.getByText(/confirmado por Alice Administradora|confirmado por/)).toBeVisible();

    const others = await people(request, 4);
    await compose(author, others);
    await author.getByRole("button", { name: "Pedir confirmação" }).click();
    await author.waitForURL(/\/disparos\/[0-9a-f-]{36}$/);
    await admin.goto(new URL(author.url()).pathname);
    await admin.getByRole("button", { name: "Recusar" }).click();
    const dialog = admin.getByRole("dialog");
    await dialog.getByLabel(/Por quê/).fill("O texto é outro");
    await dialog.getByRole("button", { name: "Recusar" }).click();
    await expect(state(author)).toHaveText("recusado");
    await expect(author.getByText("recusou: “O texto é outro”")).toBeVisible();
  } finally {
    await confirmAbove(admin, 5000);
  }
});

test("a scheduled one is paused, goes on and is called off, each with its consequence", async ({
  windowOf,
  request,
}) => {
  const page = await windowOf("supervisor@demo.test");
  await schedule(page, await people(request, 3));
  await expect(state(page)).toHaveText("agendado");
  await page.getByRole("button", { name: "Pausar" }).click();
  await expect(page.getByRole("dialog")).toContainText("2 mensagens esperam até alguém retomar");
  await page.getByRole("dialog").getByRole("button", { name: "Pausar" }).click();
  await expect(state(page)).toHaveText("pausado");
  await page.getByRole("button", { name: "Retomar" }).click();
  await expect(state(page)).toHaveText("agendado");
  await page.getByRole("button", { name: "Cancelar disparo" }).click();
  await expect(page.getByRole("dialog")).toContainText("2 pessoas não vão receber");
  await page.getByRole("dialog").getByRole("button", { name: "Cancelar de vez" }).click();
  await expect(state(page)).toHaveText("cancelado");
  await expect(number(page, "Puladas")).toHaveText(/^2/);
});

test("a time that is over is refused where it is typed, and an unlawful one says who waits", { tag: "@proof" }, async ({
  windowOf,
  request,
}) => {
  const page = await windowOf("supervisor@demo.test");
  await compose(page, await people(request, 3));
  await page.getByText("Agendar", { exact: true }).click();
  await page.getByLabel("Hora").fill("23:30");
  await expect(page.getByRole("region", { name: "Esperam" })).toContainText("o horário permitido abre");
  await page.getByLabel("Dia", { exact: true }).fill("2026-01-05");
  await expect(page.getByRole("alert")).toContainText("Este horário já passou");
  await expect(page.getByRole("button", { name: /^Agendar/ })).toBeDisabled();
});

test("an operator looks on and changes nothing; another agency finds nothing", { tag: "@proof" }, async ({
  windowOf,
  request,
}) => {
  const author = await windowOf("supervisor@demo.test");
  const path = await schedule(author, await people(request, 2));
  const operator = await windowOf("operador@demo.test", { at: "/disparos" });
  await expect(operator.getByRole("list", { name: "Disparos" })).toBeVisible();
  await expect(operator.getByRole("link", { name: "Novo disparo" })).toHaveCount(0);
  await operator.goto(path);
  await expect(state(operator)).toHaveText("agendado");
  for (const name of ["Pausar", "Cancelar disparo", "Baixar"])
    await expect(operator.getByRole("button", { name })).toHaveCount(0);
  await operator.goto("/disparos/novo");
  await expect(operator.getByText("Disparos são da supervisão")).toBeVisible();
  const stranger = await windowOf("admin@outra.test", { at: path });
  await expect(stranger.getByText("Este disparo não existe mais.")).toBeVisible();
});
