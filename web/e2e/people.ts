import { type BrowserContext, test as base, expect, type Page } from "@playwright/test";

export const password = "demo-demo-123";

export type Person =
  | "operador@demo.test"
  | "operador2@demo.test"
  | "supervisor@demo.test"
  | "admin@demo.test"
  | "admin@outra.test";

interface People {
  /** A window of its own (its own storage), signed in, at the carteira. */
  windowOf: (
    person: Person,
    options?: Parameters<import("@playwright/test").Browser["newContext"]>[0],
  ) => Promise<Page>;
}

export async function signIn(page: Page, person: Person, secret = password): Promise<void> {
  await page.getByLabel("E-mail").fill(person);
  await page.getByLabel("Senha", { exact: true }).fill(secret);
  await page.getByRole("button", { name: "Entrar" }).click();
}

export const test = base.extend<People>({
  windowOf: async ({ browser }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (person, options) => {
      const context = await browser.newContext({ ...options });
      contexts.push(context);
      const page = await context.newPage();
      await page.goto("/login");
      await signIn(page, person);
      await page.waitForURL("**/carteira");
      return page;
    });
    for (const context of contexts) await context.close();
  },
});

export { expect };

/** Seeded people carry EXT-00001…; a test works with clients of its own, so that none sees another's traces. */
export async function openService(page: Page, externalId: string): Promise<void> {
  await page.goto("/carteira");
  await page.getByLabel("Buscar na carteira").fill(externalId);
  const row = page.getByRole("row", { name: new RegExp(externalId) });
  await row.getByRole("link", { name: /^Atender/ }).click();
  await expect(page.getByRole("button", { name: "Caixa Postal" })).toBeVisible();
}

export function timeline(page: Page): ReturnType<Page["getByRole"]> {
  return page.getByRole("region", { name: "Linha do tempo" });
}

interface StoredDisposition {
  id: string;
  disposition_type: string;
  notes: string | null;
}

/** What the server holds, asked through the same REST door as the page. */
export async function storedDispositions(page: Page, clientId: string): Promise<StoredDisposition[]> {
  return page.evaluate(async (id) => {
    const session = JSON.parse(localStorage.getItem("cobranca.session") ?? "{}") as { access_token: string };
    const apikey = document.querySelector<HTMLMetaElement>('meta[name="supabase-publishable-key"]')?.content ?? "";
    const query = `client_id=eq.${id}&select=id,disposition_type,notes&order=created_at`;
    const response = await fetch(`/rest/v1/call_dispositions?${query}`, {
      headers: { apikey, Authorization: `Bearer ${session.access_token}` },
    });
    return (await response.json()) as StoredDisposition[];
  }, clientId);
}

export function clientIdOf(page: Page): string {
  return new URL(page.url()).pathname.split("/").at(-1) ?? "";
}
