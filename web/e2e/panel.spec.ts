import { expectClean } from "./axe.ts";
import { expect, openService, test } from "./people.ts";

test("a supervisor follows a number of the panel down to the disposition that was just made", async ({
  windowOf,
  ownClient,
}) => {
  const operator = await windowOf("operador2@demo.test");
  await openService(operator, ownClient);
  await operator.keyboard.press("1");
  await expect(operator.getByText("Registrada: Caixa Postal")).toBeVisible();
  const supervisor = await windowOf("supervisor@demo.test", { at: "/painel" });
  const team = supervisor.getByRole("region", { name: "Pessoas" });
  await expect(team.getByRole("row", { name: /Olívia Operadora/ })).toContainText("em atendimento");
  await supervisor.getByRole("button", { name: /^Acionamentos \d/ }).click();
  const card = supervisor.getByRole("dialog");
  await expect(card).toContainText("O que o cliente manda não conta.");
  // The rule wrote to the client at once: that is an attempt of its own, and nobody's.
  const row = card.getByRole("row", { name: ownClient.name }).filter({ hasText: "Tabulação" });
  await expect(row).toContainText("Olívia Operadora");
  await expectClean(supervisor);
  await supervisor.keyboard.press("Escape");
  const cell = supervisor.getByRole("button", { name: /^Olívia Operadora: Acionamentos/ });
  await cell.focus();
  await supervisor.keyboard.press("Enter");
  await expect(row).toBeVisible();
  await supervisor.keyboard.press("Escape");
  await expect(cell).toBeFocused();
  await supervisor.keyboard.press("Enter");
  await row.getByRole("link", { name: ownClient.name }).click();
  await expect(supervisor.getByRole("heading", { name: ownClient.name })).toBeVisible();
});

test("a month in which nothing happened says so, number by number", async ({ windowOf }) => {
  const supervisor = await windowOf("supervisor@demo.test", { at: "/painel?de=2020-01-01&ate=2020-01-31" });
  await expect(supervisor.getByRole("button", { name: /^Recebido R\$ 0,00/ })).toBeVisible();
  await expect(supervisor.getByText("Nada aconteceu neste período.")).toBeVisible();
  await expectClean(supervisor);
});

test("an operator is not shown the panel", async ({ windowOf }) => {
  const operator = await windowOf("operador@demo.test", { at: "/painel" });
  await expect(operator.getByText("O painel é do supervisor")).toBeVisible();
  await expect(operator.getByRole("link", { name: "Painel" })).toHaveCount(0);
});
