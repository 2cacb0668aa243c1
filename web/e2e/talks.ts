import type { APIRequestContext, Locator, Page } from "@playwright/test";
import type { OwnClient } from "./own-clients.ts";
import { clientIdOf, expect, openService } from "./people.ts";

const app = "DemoCobrancas";

export function digits({ phone }: OwnClient): string {
  return phone.replace("+", "");
}

/** The person writes on their own phone, which the simulator plays. */
export async function write(request: APIRequestContext, phone: string, text: string, more: object = {}): Promise<void> {
  const answer = await request.post("/simulators/gupshup/_control/reply", { data: { app, phone, text, ...more } });
  expect(answer.ok()).toBe(true);
}

/** What has arrived on the person's phone. */
export async function arrived(request: APIRequestContext, phone: string): Promise<string[]> {
  const answer = await request.get(`/simulators/gupshup/_control/messages?destination=${phone}`);
  const messages = (await answer.json()) as { direction: string; text: string }[];
  return messages.filter(({ direction }) => direction === "in").map(({ text }) => text);
}

export function talkOf(page: Page): Locator {
  return page.getByRole("region", { name: "Conversa", exact: true });
}

export function composerOf(page: Page): Locator {
  return page.getByRole("textbox", { name: "Mensagem" });
}

/** At the client's screen, beside it the talk that the person has just begun. */
export async function openTalk(
  page: Page,
  request: APIRequestContext,
  client: OwnClient,
  text = "Bom dia",
): Promise<string> {
  await openService(page, client);
  const clientId = clientIdOf(page);
  await write(request, digits(client), text);
  await expect(page.getByRole("button", { name: /^Conversa 1/ })).toBeVisible();
  await page.getByRole("button", { name: /^Conversa/ }).click();
  await expect(talkOf(page).getByText(text)).toBeVisible();
  return clientId;
}
