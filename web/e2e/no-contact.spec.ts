import { expectClean } from "./axe.ts";
import { expect, openService, test } from "./people.ts";

test("who asks not to be contacted is left alone at once, until an admin says otherwise", async ({
  windowOf,
  ownClient,
}) => {
  const mine = await windowOf("operador2@demo.test");
  await openService(mine, ownClient);
  await expect(mine.getByRole("button", { name: "Não contatar Alt+B" })).toBeVisible();
  await mine.keyboard.press("Alt+KeyB");
  const dialog = mine.getByRole("dialog");
  await expect(dialog.getByLabel("Motivo")).toBeVisible();
  await expectClean(mine, { within: '[role="dialog"]' });
  await dialog.getByLabel("Motivo").fill("Não quer mais ligações");
  await mine.keyboard.press("Enter");
  await expect(dialog).toBeHidden();
  await expect(mine.getByText("Contato bloqueado")).toBeVisible();
  const line = mine.getByRole("region", { name: "Linha do tempo" }).getByText("Não quer mais ligações");
  await expect(line).toBeVisible();
  await mine.keyboard.press("Alt+KeyB");
  await expect(dialog.getByText("nenhum contato, para sempre")).toBeVisible();
  await expect(dialog.getByRole("button", { name: "Liberar" })).toBeHidden();

  const admin = await windowOf("admin@demo.test", { at: `/carteira/${ownClient.document}` });
  await admin.getByRole("button", { name: "Não contatar Alt+B" }).click();
  const theirs = admin.getByRole("dialog");
  await theirs.getByRole("button", { name: "Liberar" }).click();
  await theirs.getByLabel("Motivo para liberar").fill("Voltou a negociar");
  await theirs.getByRole("button", { name: "Liberar o contato" }).click();
  await expect(theirs.getByText("nenhum contato")).toBeHidden();
  await mine.keyboard.press("Escape");
  await expect(mine.getByText("Contato liberado")).toBeVisible();
});
