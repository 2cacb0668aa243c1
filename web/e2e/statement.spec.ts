import { expectClean } from "./axe.ts";
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
  await expectClean(page, { within: '[role="dialog"]' });

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

test("the statement is a PDF for the debtor, too", { tag: "@proof" }, async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  await page
    .getByRole("button", { name: /memória de cálculo/ })
    .first()
    .click();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Baixar em PDF" }).click();
  expect((await download).suggestedFilename()).toMatch(/^demonstrativo-.*\.pdf$/);
});

test("a disputed title is closed to everybody until a supervisor frees it", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  const explain = page.getByRole("button", { name: /memória de cálculo/ }).first();
  await explain.click();
  await page.getByRole("button", { name: "Cliente contesta: suspender" }).click();
  const asking = page.getByRole("dialog", { name: "Suspender por disputa" });
  await expect(asking.getByRole("button", { name: "Suspender" })).toBeDisabled();
  await asking.getByLabel("Motivo").fill("diz que já pagou na loja");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Em disputa: ninguém cobra. Um supervisor precisa liberar.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Liberar" })).toHaveCount(0);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Alt+s");
  await expect(page.getByText("Nada para negociar")).toBeVisible();

  const supervisor = await windowOf("supervisor@demo.test", { at: page.url() });
  await supervisor
    .getByRole("button", { name: /memória de cálculo/ })
    .first()
    .click();
  await supervisor.getByRole("button", { name: "Liberar" }).click();
  await supervisor.getByLabel("Motivo").fill("comprovante não confere");
  await supervisor.keyboard.press("Enter");
  await expect(supervisor.getByRole("button", { name: "Cliente contesta: suspender" })).toBeVisible();
});
