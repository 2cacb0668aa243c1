import { readFile } from "node:fs/promises";
import type { APIRequestContext } from "@playwright/test";
import type { OwnClient } from "./own-clients.ts";
import { expect, test } from "./people.ts";
import { number, people, send, state } from "./sending.ts";

const gupshup = "/simulators/gupshup/_control";

/** A number as the provider may be asked for it, with the ninth digit and without. */
function forms({ phone }: OwnClient): string[] {
  return [phone.slice(1), phone.slice(1, 5) + phone.slice(6)];
}

/** Receipts that tell of a passing trouble, to these numbers; null: none any more. */
async function trouble(request: APIRequestContext, phones: string[] | null): Promise<void> {
  const fail = phones && { code: 4002, reason: "Temporarily unavailable", phones };
  const told = await request.put(`${gupshup}/receipts`, { data: { fail } });
  expect(told.ok()).toBe(true);
}

test("a creditor's whole band of 61 to 90 days is sent to, its failures are told by reason, and the passing ones go again", {
  tag: "@proof",
}, async ({ windowOf, request }) => {
  const clients = await people(request, 30);
  const [, unlucky, refused] = clients as [OwnClient, OwnClient, OwnClient];
  const page = await windowOf("supervisor@demo.test");
  await page.getByRole("button", { name: "Credor", exact: true }).first().click();
  const box = page.getByRole("group", { name: "Credor" }).locator("label", { hasText: unlucky.creditor });
  await expect(box).toHaveText(`${unlucky.creditor}30`);
  await box.getByRole("checkbox").check();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Filtros", exact: true }).click();
  await page.getByRole("complementary", { name: "Filtros" }).getByLabel("61 a 90 dias").check();
  await expect(page).toHaveURL(/atraso=61-90/);
  await expect(page.getByText(/^30 clientes/).first()).toBeVisible();
  await page.getByLabel("Escolher todos os que correspondem").check();
  await page.getByRole("toolbar").getByRole("button", { name: "WhatsApp", exact: true }).click();

  await page.waitForURL("**/disparos/novo/*");
  await page.getByLabel("Modelo").selectOption({ label: "lembrete · aprovado · utilidade" });
  await page.getByLabel("Nome do disparo").fill(`Faixa de 61 a 90, ${unlucky.creditor}`);
  await expect(page.getByText("29 de 30 clientes recebem.")).toBeVisible();
  await expect(page.getByRole("region", { name: "Ficam de fora" })).toContainText("1 sem celular");
  await expect(page.getByRole("region", { name: "Custo previsto" })).toContainText("29 × ");
  for (const phone of forms(refused))
    await request.post(`${gupshup}/misbehave`, {
      data: { do: "answer", status: 400, body: { status: "error", code: 1008 }, phone },
    });
  await trouble(request, forms(unlucky));
  try {
    await send(page);
    await expect(state(page)).toHaveText("concluído");
    // Everything by itself, from here on: nobody reloads.
    await expect(number(page, "Lidas")).toHaveText(/^27/);
    await expect(number(page, "Falharam")).toHaveText(/^2/);
  } finally {
    await trouble(request, null);
  }
  await number(page, "Falharam").click();
  const reasons = page.getByRole("region", { name: "Motivos" });
  await expect(reasons.getByRole("button", { name: /1 falharam: recusada pela política do WhatsApp$/ })).toBeVisible();
  await expect(reasons.getByRole("button", { name: /\(passageira\)$/ })).toBeVisible();
  await page.getByRole("button", { name: "Baixar" }).click();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: "CSV, abre no Excel" }).first().click(),
  ]);
  const lines = (await readFile(await file.path(), "utf8")).trim().split("\n");
  expect(lines).toHaveLength(3);
  expect(lines.join("\n")).toContain(unlucky.document);

  await page.getByRole("button", { name: "Tentar de novo 1 falha passageira" }).click();
  await expect(number(page, "Lidas")).toHaveText(/^28/);
  await expect(number(page, "Falharam")).toHaveText(/^1/);
  await expect(state(page)).toHaveText("concluído");
  await expect(page.getByRole("button", { name: /^Tentar de novo/ })).toHaveCount(0);
});
