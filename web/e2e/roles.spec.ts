import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { expect, type Person, test } from "./people.ts";

type Role = "operator" | "supervisor" | "admin";
const rank: Record<Role, number> = { operator: 0, supervisor: 1, admin: 2 };
const people: Record<Role, Person> = {
  operator: "operador@demo.test",
  supervisor: "supervisor@demo.test",
  admin: "admin@demo.test",
};

/** Every address without a parameter, from the page's own list; a new one is everybody's until it is named below. */
const paths = [
  ...readFileSync(new URL("../src/app/rooms.tsx", import.meta.url), "utf8").matchAll(/room\("(\/[^":]+)"/g),
]
  .map(([, path]) => path as string)
  .concat("/configuracoes/tabulacoes", "/configuracoes/integracoes")
  // The entrances are for who is out; a new rule gets an address of its own.
  .filter((path) => !["/login", "/convite", "/automacao/nova"].includes(path));

/** The least role a room is for, and what whoever types its address is told. */
const gates: { under: RegExp; least: Role; told: string }[] = [
  { under: /^\/configuracoes/, least: "admin", told: "Só administradores mudam as configurações" },
  { under: /^\/painel/, least: "supervisor", told: "O painel é do supervisor" },
  { under: /^\/discador/, least: "supervisor", told: "O discador é do supervisor" },
  { under: /^\/disparos\/novo/, least: "supervisor", told: "Disparos são da supervisão" },
  { under: /^\/automacao\/falhas/, least: "supervisor", told: "As falhas são da supervisão" },
  { under: /^\/automacao$/, least: "supervisor", told: "As regras são da supervisão" },
];
const refusals = [...new Set(gates.map(({ told }) => told))];

const doors: Record<Role, string[]> = {
  operator: ["Carteira", "Conversas", "Agenda", "Acordos", "Pagamentos", "Discador", "Disparos"],
  supervisor: ["Painel", "Automação"],
  admin: ["Configurações"],
};

/** As the address bar does it, without fetching the page anew. */
async function visit(page: Page, path: string): Promise<void> {
  await page.evaluate((to) => window.history.pushState(null, "", to), path);
}

// To an admin nothing is refused: the longest walk says the least.
for (const role of Object.keys(people) as Role[])
  test(`${role}: the doors of the role, and a kind word at every other address`, {
    tag: role === "admin" ? "@proof" : [],
  }, async ({ windowOf }) => {
    const page = await windowOf(people[role]);
    const shown = (Object.keys(doors) as Role[])
      .filter((each) => rank[each] <= rank[role])
      .flatMap((each) => doors[each]);
    const rail = page.getByRole("navigation", { name: "Principal" });
    await expect(rail.getByRole("link")).toHaveText(shown);
    const refused = (text: string) => page.locator("#conteudo").getByText(text);
    for (const path of paths) {
      const gate = gates.find(({ under }) => under.test(path));
      await visit(page, path);
      if (gate && rank[gate.least] > rank[role]) await expect(refused(gate.told), path).toBeVisible();
      else {
        await expect(page.locator("#conteudo h1").first(), path).toBeVisible();
        for (const told of refusals) await expect(refused(told), path).toHaveCount(0);
      }
    }
  });
