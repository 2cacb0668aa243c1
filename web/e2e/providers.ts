import { expect, type Locator, type Page } from "@playwright/test";

/** Fills the forms of all three as an admin does; in between, their simulators learn the account, as their own pages would. */
export async function connectProviders(page: Page, word: string, templates: Record<string, string>): Promise<void> {
  const app = `App${word}`;
  const secret = `segredo-${word}`;
  await connect(page, "Gupshup", { "Nome do app": app, "Número de envio": "551141110000", "Chave da API": secret });
  await page.getByRole("button", { name: "Testar conexão: Gupshup" }).click();
  await expect(card(page, "Gupshup").getByText("A chave foi recusada")).toBeVisible();
  const account = { api_key: secret, source: "551141110000", callback_url: await webhook(page, "Gupshup"), templates };
  await page.request.put(`/simulators/gupshup/_control/apps/${app}`, { data: account });
  await works(page, "Gupshup");
  const host = `${word.toLowerCase()}.3c.plus`;
  const [manager, agent] = [`3cs_${secret}-gestor`, `3cs_${secret}-agente`];
  await connect(page, "3C Plus", {
    "Endereço da empresa": host,
    "Token de serviço, papel Gestor": manager,
    "Token de serviço, papel Agente": agent,
  });
  const tokens = { [manager]: "manager", [agent]: "agent" };
  const company = { tokens, webhook_url: await webhook(page, "3C Plus") };
  await page.request.put(`/simulators/threecplus/_control/companies/${host}`, { data: company });
  await works(page, "3C Plus");
  await connect(page, "Negociarie", { client_id: word, client_secret: secret });
  const bank = { client_secret: secret, callback_url: await webhook(page, "Negociarie") };
  await page.request.put(`/simulators/negociarie/_control/accounts/${word}`, { data: bank });
  await works(page, "Negociarie");
}

function card(page: Page, provider: string): Locator {
  return page.getByRole("region", { name: provider, exact: true });
}

async function connect(page: Page, provider: string, values: Record<string, string>): Promise<void> {
  for (const [label, value] of Object.entries(values)) await card(page, provider).getByLabel(label).fill(value);
  await page.getByRole("button", { name: `Conectar ${provider}` }).click();
}

async function webhook(page: Page, provider: string): Promise<string> {
  return card(page, provider).getByText(/^http/).innerText();
}

async function works(page: Page, provider: string): Promise<void> {
  await page.getByRole("button", { name: `Testar conexão: ${provider}` }).click();
  await expect(card(page, provider).getByText("Funciona: o provedor respondeu")).toBeVisible();
}
