import type { APIRequestContext, Page } from "@playwright/test";
import { importClients, inventClients, newWord, type OwnClient } from "./own-clients.ts";
import { expect, password } from "./people.ts";

/** People of a creditor of their own; the first has a landline alone. */
export async function people(request: APIRequestContext, count: number): Promise<OwnClient[]> {
  const clients = inventClients(count, `Credor ${newWord()}`);
  const [first] = clients;
  if (first) first.phone = "+551130004000";
  await importClients(request, password, clients);
  return clients;
}

/** All who match the run's word, from the carteira to the compose page. */
export async function compose(page: Page, clients: OwnClient[]): Promise<void> {
  const word = clients[0]?.code.split("-")[0] ?? "";
  await page.goto("/carteira");
  await page.getByLabel("Buscar na carteira").fill(word);
  await expect(page.getByRole("row", { name: new RegExp(word) })).toHaveCount(clients.length);
  await page.getByLabel("Escolher todos os que correspondem").check();
  await page.getByRole("toolbar").getByRole("button", { name: "WhatsApp", exact: true }).click();
  await page.waitForURL("**/disparos/novo/*");
  await page.getByLabel("Modelo").selectOption({ label: "lembrete · aprovado · utilidade" });
  await page.getByLabel("Nome do disparo").fill(`Lembrete ${word}`);
}

export function state(page: Page): ReturnType<Page["getByRole"]> {
  return page.getByRole("status", { name: "Situação" });
}

export function number(page: Page, name: string): ReturnType<Page["getByRole"]> {
  return page.getByRole("region", { name: "Números" }).getByRole("button", { name });
}

export async function send(page: Page): Promise<string> {
  await page.getByRole("button", { name: /^Enviar \d+ mensage/ }).click();
  await page.waitForURL(/\/disparos\/[0-9a-f-]{36}$/);
  return new URL(page.url()).pathname;
}

export async function schedule(page: Page, clients: OwnClient[]): Promise<string> {
  await compose(page, clients);
  await page.getByText("Agendar", { exact: true }).click();
  await page.getByRole("button", { name: /^Agendar para amanhã/ }).click();
  await page.waitForURL(/\/disparos\/[0-9a-f-]{36}$/);
  return new URL(page.url()).pathname;
}
