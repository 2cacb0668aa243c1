import { expectClean } from "./axe.ts";
import { expect, openService, test, timeline } from "./people.ts";

test("the panel previews while typing, keeps the draft and compares two proposals", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  await page.keyboard.press("Alt+s");
  const panel = page.getByRole("region", { name: "Negociação" });
  await expect(panel.getByText("Você pode fechar agora")).toBeVisible();
  const total = panel.getByTestId("offer-total");
  const before = await total.textContent();
  await panel.getByLabel("Juros de mora").fill("40");
  await expect(total).not.toHaveText(before ?? "");
  await panel.getByLabel("Principal").fill("5");
  await expect(panel.getByText(/Desconto de 5% em principal: o limite é 0%/)).toBeVisible();
  await expect(panel.getByRole("button", { name: "Pedir aprovação" })).toBeEnabled();
  await panel.getByLabel("Principal").fill("5,");
  await expect(panel.getByRole("button", { name: /Pedir aprovação|Fechar acordo/ })).toBeDisabled();
  await panel.getByLabel("Principal").fill("");
  await panel.getByRole("button", { name: "Comparar com outra" }).click();
  await panel.getByRole("button", { name: /melhor que você pode dar/ }).click();
  const comparison = panel.getByRole("table", { name: "Comparação das propostas" });
  await expect(comparison.getByRole("row", { name: /^Alçada sua sua$/ })).toBeVisible();
  await expectClean(page, { within: '[aria-label="Negociação"]' });

  // The first save changes no row, and is followed by the one that makes it.
  const saved = page.waitForResponse(async (response) => {
    const request = response.request();
    if (!response.url().includes("negotiation_drafts") || !request.postData()?.includes('"installments":"2"'))
      return false;
    return request.method() === "POST" || ((await response.json()) as unknown[]).length > 0;
  });
  await panel.getByLabel("Parcelas").fill("2");
  await saved;
  await page.reload();
  await expect(page.getByRole("button", { name: "Caixa Postal" })).toBeVisible();
  await page.keyboard.press("Alt+s");
  await expect(panel.getByLabel("Parcelas")).toHaveValue("2");
  await panel.getByRole("button", { name: "Proposta 1" }).click();
  await expect(panel.getByLabel("Juros de mora")).toHaveValue("40");
  await page.keyboard.press("Escape");
  await expect(panel).toBeHidden();
});

test("Negociar opens the panel and leaves the outcome saved", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  await page.keyboard.press("5");
  await expect(page.getByRole("region", { name: "Negociação" })).toBeVisible();
  await expect(timeline(page).getByText("Otávio Operador").first()).toBeAttached();
});
