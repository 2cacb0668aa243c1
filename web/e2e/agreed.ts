import { expect, type Locator, type Page } from "@playwright/test";
import type { OwnClient } from "./own-clients.ts";
import { openService } from "./people.ts";

/** Alt+S at a client of the test's own. */
export async function openPanel(page: Page, client: OwnClient): Promise<Locator> {
  await openService(page, client);
  await page.keyboard.press("Alt+s");
  const panel = page.getByRole("region", { name: "Negociação" });
  await expect(panel.getByTestId("offer-total")).toBeVisible();
  return panel;
}

/** An agreement in so many installments within the operator's own limits; ends on its page. */
export async function agree(page: Page, client: OwnClient, installments: string): Promise<void> {
  const panel = await openPanel(page, client);
  await panel.getByLabel("Parcelas").fill(installments);
  await expect(panel.getByText(`${installments} pagamentos`)).toBeVisible();
  await page.keyboard.press("Control+Enter");
  await expect(panel.getByText("Acordo fechado")).toBeVisible();
  await panel.getByRole("link", { name: "Ver o acordo" }).click();
  await expect(page.getByText("aguarda primeiro pagamento", { exact: true })).toBeVisible();
}

/** Asked for before the first charge of somebody without one. */
export async function giveAddress(page: Page): Promise<void> {
  const form = page.getByRole("form", { name: "Endereço do cliente" });
  await form.getByLabel("CEP").fill("01310-100");
  await form.getByLabel("Número").fill("100");
  await form.getByLabel("Logradouro").fill("Avenida Fictícia");
  await form.getByLabel("Bairro").fill("Centro");
  await form.getByLabel("Cidade").fill("Cidade Modelo");
  await form.getByLabel("UF").selectOption("SP");
  await form.getByRole("button", { name: /^Guardar/ }).click();
}

/** A Pix for the first installment, registered and unfolded. */
export async function chargeByPix(page: Page): Promise<Locator> {
  await page.getByRole("button", { name: "Emitir por outro meio" }).first().click();
  await page.getByRole("menuitem", { name: "Emitir por Pix" }).click();
  await giveAddress(page);
  await page
    .getByRole("button", { name: /^Ver cobrança/ })
    .first()
    .click();
  const card = page.getByRole("region", { name: "Cobrança por Pix" });
  await expect(card.getByRole("button", { name: "Copiar Pix" })).toBeVisible();
  return card;
}
