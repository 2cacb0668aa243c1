import { expectClean } from "./axe.ts";
import { expect, openService, test } from "./people.ts";

test("an offer over the limit waits until a supervisor approves it in a second window", async ({
  windowOf,
  ownClient,
}) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  await page.keyboard.press("Alt+s");
  const panel = page.getByRole("region", { name: "Negociação" });
  await panel.getByLabel("Principal").fill("5");
  await expect(panel.getByText("Precisa da aprovação de: Supervisor")).toBeVisible();
  await panel.getByRole("button", { name: "Pedir aprovação" }).click();
  await expect(panel.getByText("Enviado para aprovação")).toBeVisible();
  await panel.getByRole("link", { name: "Ver o acordo" }).click();
  await expect(page.getByText("aguarda aprovação", { exact: true })).toBeVisible();
  await expect(page.getByRole("button", { name: "Aprovar" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Emitir cobrança" })).toHaveCount(0);
  const name = ((await page.getByRole("heading", { level: 1 }).textContent()) ?? "").replace("Acordo de ", "");

  const supervisor = await windowOf("supervisor@demo.test");
  await supervisor.getByRole("link", { name: "Acordos" }).click();
  const inbox = supervisor.getByRole("region", { name: "Aprovações" });
  await inbox.getByRole("button", { name: new RegExp(name) }).click();
  await expect(inbox.getByText(/Desconto de 5% em principal/)).toBeVisible();
  await expect(inbox.getByRole("row", { name: /^Total R\$/ })).toBeVisible();
  await expectClean(supervisor);
  await supervisor.keyboard.press("a");
  await expect(supervisor.getByRole("row", { name: new RegExp(`${name}.*aguarda primeiro pagamento`) })).toBeVisible();
  await expect(supervisor.getByText(/^R\$.* negociado$/)).toBeVisible();

  await expect(page.getByText("aguarda primeiro pagamento", { exact: true })).toBeVisible();
  await expect(page.getByRole("button", { name: "Emitir cobrança" }).first()).toBeVisible();
  await expectClean(page);

  await page.getByRole("button", { name: "Cancelar o acordo" }).click();
  await page.getByLabel("Motivo").fill("desistiu ao telefone");
  await page.getByRole("dialog").getByRole("button", { name: "Cancelar o acordo" }).click();
  await expect(page.getByText("cancelado", { exact: true })).toBeVisible();
  await expect(page.getByText(/desistiu ao telefone/)).toBeVisible();
});

test("a rejection wants a reason, and its author reads it", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  await page.keyboard.press("Alt+s");
  const panel = page.getByRole("region", { name: "Negociação" });
  await panel.getByLabel("Principal").fill("7");
  await panel.getByRole("button", { name: "Pedir aprovação" }).click();
  await panel.getByRole("link", { name: "Ver o acordo" }).click();
  const name = ((await page.getByRole("heading", { level: 1 }).textContent()) ?? "").replace("Acordo de ", "");

  const supervisor = await windowOf("supervisor@demo.test", { at: "/acordos" });
  const inbox = supervisor.getByRole("region", { name: "Aprovações" });
  await inbox.getByRole("button", { name: new RegExp(name) }).click();
  await expect(inbox.getByText(/Desconto de 7% em principal/)).toBeVisible();
  await supervisor.keyboard.press("r");
  await expect(inbox.getByRole("button", { name: "Recusar" })).toBeDisabled();
  await inbox.getByLabel("Por que recusar?").fill("acima da campanha");
  await supervisor.keyboard.press("Enter");
  await expect(page.getByText("Decisão: acima da campanha")).toBeVisible();
  await expect(page.getByText("recusado", { exact: true })).toBeVisible();
});

test("the chosen creditor is asked of the database, and an unknown filter is refused, not everything", {
  tag: "@proof",
}, async ({ windowOf, ownClient }) => {
  const page = await windowOf("supervisor@demo.test");
  await page.getByRole("link", { name: "Acordos" }).click();
  const asked = page.waitForRequest(
    (request) =>
      request.url().includes("list_agreements") && /"creditor_id":"[0-9a-f-]{36}"/.test(request.postData() ?? ""),
  );
  await page.getByLabel("Credor").selectOption(ownClient.creditor);
  expect((await (await asked).response())?.status()).toBe(200);
  await expect(page).toHaveURL(/credor=/);
  await page.goto("/acordos?situacao=quitadinho");
  await expect(page.getByText("Este filtro tem um valor que não vale")).toBeVisible();
  await expect(page.getByRole("table")).toHaveCount(0);
});
