import { AxeBuilder } from "@axe-core/playwright";
import { expect, openService, test } from "./people.ts";

test("a click on a value explains it to the cent", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  await page
    .getByRole("region", { name: "Títulos" })
    .getByRole("button", { name: /memória de cálculo/ })
    .first()
    .click();
  const dialog = page.getByRole("dialog", { name: "Memória de cálculo" });
  await expect(dialog.getByRole("row", { name: /Multa .* × 2% / }).first()).toBeVisible();
  await expect(dialog.getByText(/arredondado para R\$/).first()).toBeVisible();
  await expect(dialog.getByRole("region", { name: "Texto para ler ao cliente" })).toContainText("valor original de R$");
  const { violations } = await new AxeBuilder({ page }).include('[role="dialog"]').analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);

  const total = dialog.getByTestId("statement-total");
  const today = await total.textContent();
  const slider = dialog.getByRole("slider", { name: "Se pagar hoje" });
  await slider.focus();
  await page.keyboard.press("End");
  await expect(dialog.getByText("Se pagar em 30 dias")).toBeVisible();
  await expect(total).not.toHaveText(today ?? "");
  await page.keyboard.press("Home");
  await expect(total).toHaveText(today ?? "");
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
});
