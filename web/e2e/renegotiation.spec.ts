import { agree, openPanel } from "./agreed.ts";
import { rpcAs } from "./money.ts";
import { clientIdOf, expect, test } from "./people.ts";

test("what is left is renegotiated, and both agreements name each other", async ({ windowOf, ownClient }) => {
  const page = await windowOf("supervisor@demo.test");
  await agree(page, ownClient, "3");
  const old = page.url();
  await page.getByRole("button", { name: "Renegociar o saldo" }).click();
  const panel = page.getByRole("region", { name: "Negociação" });
  await expect(panel.getByText(/só termina quando o novo/)).toBeVisible();
  await panel.getByLabel("Parcelas").fill("5");
  await expect(panel.getByText("5 pagamentos")).toBeVisible();
  await page.keyboard.press("Control+Enter");
  await expect(panel.getByText("Acordo fechado")).toBeVisible();
  await panel.getByRole("link", { name: "Ver o acordo" }).click();
  await page.getByRole("link", { name: "Acordo anterior" }).click();
  await expect(page).toHaveURL(old);
  await expect(page.getByText("renegociado", { exact: true }).first()).toBeVisible();
  await expect(page.getByRole("link", { name: "Renegociado em outro acordo" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Renegociar o saldo" })).toHaveCount(0);
});

test("an operator may not approve, whatever the page shows", { tag: "@proof" }, async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  const panel = await openPanel(page, ownClient);
  await panel.getByLabel("Principal").fill("5");
  await expect(panel.getByText("pede supervisor: seu limite é 0%")).toBeVisible();
  await panel.getByRole("button", { name: "Pedir aprovação" }).click();
  await panel.getByRole("link", { name: "Ver o acordo" }).click();
  await expect(page.getByText("aguarda aprovação", { exact: true })).toBeVisible();
  const refusal = await rpcAs<{ code: string }>(page, "decide_agreement", {
    agreement_id: clientIdOf(page),
    decision: "approve",
  });
  expect(refusal.code).toBe("PT403");
  await page.reload();
  await expect(page.getByText("aguarda aprovação", { exact: true })).toBeVisible();
});

test("a discount above every limit can be proposed by nobody", { tag: "@proof" }, async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  const panel = await openPanel(page, ownClient);
  await panel.getByLabel("Principal").fill("90");
  await expect(panel.getByText("ninguém pode conceder")).toBeVisible();
  await expect(panel.getByText("Ninguém pode aprovar esta proposta").first()).toBeVisible();
  await expect(panel.getByRole("button", { name: "Pedir aprovação" })).toBeDisabled();
  await page.keyboard.press("Control+Enter");
  await panel.getByLabel("Principal").fill("");
  await panel.getByLabel("Fechar por").fill("500,00");
  await expect(panel.getByTestId("offer-total")).toHaveText(/500,00/);
});

test("an offer is made and its agreement opened without a mouse", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  const panel = await openPanel(page, ownClient);
  await expect(panel).toBeFocused();
  const installments = panel.getByLabel("Parcelas");
  // However many templates the agency has, the field is a walk away.
  await expect(async () => {
    await page.keyboard.press("Tab");
    await expect(installments).toBeFocused({ timeout: 10 });
  }).toPass({ intervals: [1] });
  await page.keyboard.press("Control+a");
  await page.keyboard.type("2");
  await expect(panel.getByText("2 pagamentos")).toBeVisible();
  await page.keyboard.press("Control+Enter");
  const link = panel.getByRole("link", { name: "Ver o acordo" });
  await expect(link).toBeVisible();
  await expect(async () => {
    await page.keyboard.press("Tab");
    await expect(link).toBeFocused({ timeout: 10 });
  }).toPass({ intervals: [1] });
  await page.keyboard.press("Enter");
  await expect(page.getByText("aguarda primeiro pagamento", { exact: true })).toBeVisible();
});
