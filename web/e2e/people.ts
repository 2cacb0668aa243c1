import { type BrowserContextOptions, test as base, expect, type Page } from "@playwright/test";
import { importClients, inventClients, newWord, type OwnClient } from "./own-clients.ts";
import { forget, openWindow, takeKept, type Window } from "./windows.ts";

export const password = "demo-demo-123";

export type Person =
  | "operador@demo.test"
  | "operador2@demo.test"
  | "supervisor@demo.test"
  | "admin@demo.test"
  | "admin@outra.test";

interface People {
  /** A window with a storage of its own, signed in, `at` the carteira; `alone` or with options it is made for this test. */
  windowOf: (person: Person, options?: BrowserContextOptions & { at?: string; alone?: true }) => Promise<Page>;
  /** A client that no other test has seen: the stack is shared with every other suite. */
  ownClient: OwnClient;
  /** Some of a creditor of their own, for what looks at many. */
  ownClients: (count: number) => Promise<OwnClient[]>;
}

interface Pool {
  /** Windows that wait for their person to come again. */
  kept: Window[];
  /** Imported many at a time; each is handed out once. */
  pool: () => Promise<OwnClient>;
}

/** More than the whole run takes; an import of a hundred costs what an import of one does. */
const poolSize = 100;

export async function signIn(page: Page, person: Person, secret = password): Promise<void> {
  await page.getByLabel("E-mail").fill(person);
  await page.getByLabel("Senha", { exact: true }).fill(secret);
  await page.getByRole("button", { name: "Entrar" }).click();
}

export const test = base.extend<People, Pool>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures out of this pattern
  kept: [async ({}, use) => use([]), { scope: "worker" }],
  pool: [
    async ({ playwright }, use, { project }) => {
      const request = await playwright.request.newContext({ baseURL: project.use.baseURL });
      const waiting: OwnClient[] = [];
      await use(async () => {
        if (waiting.length === 0) {
          waiting.push(...inventClients(poolSize, `Credor ${newWord()}`));
          await importClients(request, password, waiting);
        }
        return waiting.shift() as OwnClient;
      });
      await request.dispose();
    },
    { scope: "worker" },
  ],
  ownClient: async ({ pool }, use) => use(await pool()),
  ownClients: async ({ request }, use) =>
    use(async (count) => {
      const clients = inventClients(count, `Credor ${newWord()}`);
      await importClients(request, password, clients);
      return clients;
    }),
  windowOf: async ({ browser, kept }, use, info) => {
    const lent: Window[] = [];
    const own: Window[] = [];
    await use(async (person, { at = "/carteira", alone, ...options } = {}) => {
      const made = alone || Object.keys(options).length > 0;
      const window =
        (made ? undefined : takeKept(kept, person)) ?? (await openWindow(browser, person, password, options));
      (made ? own : lent).push(window);
      await window.page.goto(at);
      if (at === "/carteira") await expect(window.page.getByLabel("Buscar na carteira")).toBeVisible();
      return window.page;
    });
    for (const window of lent) {
      const again = info.status === info.expectedStatus && (await forget(window));
      (again ? kept : own).push(window);
    }
    for (const { page } of own) await page.context().close();
  },
});

export { expect };

export async function openService(page: Page, { code }: OwnClient): Promise<void> {
  if (new URL(page.url()).pathname !== "/carteira") await page.goto("/carteira");
  await page.getByLabel("Buscar na carteira").fill(code);
  const row = page.getByRole("row", { name: new RegExp(code) });
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
