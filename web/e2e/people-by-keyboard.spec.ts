import type { Locator, Page } from "@playwright/test";
import { rpcAs } from "./money.ts";
import { newWord } from "./own-clients.ts";
import { expect, password, test } from "./people.ts";

/** Tab, as somebody without a mouse does, until the focus is there. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  const most = 80;
  for (let pressed = 0; pressed < most; pressed += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  await expect(target).toBeFocused();
}

test("without a mouse: somebody joins a team of one creditor, and keeps that limit when the team ends", {
  tag: "@proof",
}, async ({ windowOf, browser, ownClient }) => {
  const page = await windowOf("admin@demo.test");
  const word = newWord();
  const email = `${word.toLowerCase()}.${Date.now()}@pessoa.test`;
  await rpcAs(page, "invite", { email, role: "operator", display_name: `${word} Convidada` });
  const context = await browser.newContext();
  const person = await context.newPage();
  await person.goto("/convite");
  await person.getByLabel("Seu nome").fill(`${word} Silva`);
  await person.getByLabel("E-mail").fill(email);
  await person.getByLabel("Senha", { exact: true }).fill(password);
  await person.getByRole("button", { name: "Criar conta e entrar" }).click();
  await expect(person.getByRole("heading", { name: "Carteira" })).toBeVisible();

  await page.goto("/configuracoes/pessoas");
  const create = page.getByRole("button", { name: "Nova equipe" });
  await expect(create).toBeVisible();
  await tabTo(page, create);
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByLabel("Nome da equipe")).toBeFocused();
  await page.keyboard.type(`Equipe ${word}`);
  await tabTo(page, dialog.getByLabel(`${word} Silva`));
  await page.keyboard.press("Space");
  await tabTo(page, dialog.getByLabel(ownClient.creditor, { exact: true }));
  await page.keyboard.press("Space");
  await tabTo(page, dialog.getByRole("button", { name: "Salvar equipe" }));
  await page.keyboard.press("Enter");
  await expect(dialog).toBeHidden();
  const member = page.getByRole("list", { name: "Pessoas" }).getByRole("listitem").filter({ hasText: email });
  await expect(member.getByText(`Vê ${ownClient.creditor} · Equipe ${word}`)).toBeVisible();

  const end = page.getByRole("button", { name: `Encerrar a equipe Equipe ${word}` });
  await tabTo(page, end);
  await page.keyboard.press("Enter");
  await tabTo(page, dialog.getByRole("button", { name: "Encerrar equipe" }));
  await page.keyboard.press("Enter");
  await expect(dialog.getByRole("alert")).toContainText("passaria a ver todos os credores");
  await expect(dialog.getByLabel(`${word} Silva`)).toBeFocused();
  await expect(dialog.getByLabel(`${word} Silva`)).toHaveValue("kept");
  await tabTo(page, dialog.getByRole("button", { name: "Encerrar equipe" }));
  await page.keyboard.press("Enter");
  await expect(dialog).toBeHidden();
  // Back where one was, and the limit is the person's own now.
  await expect(member.getByText(`Vê ${ownClient.creditor}`, { exact: true })).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(page.locator(":focus-visible")).toBeVisible();
  await context.close();
});
