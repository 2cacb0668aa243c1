import { expectClean } from "./axe.ts";
import { bell, unread } from "./bell.ts";
import { expect, test } from "./people.ts";

test("what is read in one window is read in the other, and what is muted is not told", async ({
  windowOf,
  ownClients,
}) => {
  const first = await windowOf("admin@demo.test");
  const second = await windowOf("admin@demo.test");
  await expect(bell(first)).toBeVisible();
  // An import tells whoever made it that it has finished.
  const before = await unread(second);
  await ownClients(1);
  await expect.poll(() => unread(second)).toBeGreaterThan(before);
  await expect.poll(() => unread(first)).toBe(await unread(second));
  await bell(first).click();
  const panel = first.getByRole("dialog", { name: "Notificações" });
  await panel.getByRole("button", { name: "Marcar como lidas" }).click();
  for (const page of [first, second]) await expect.poll(() => unread(page)).toBe(0);

  await panel.getByRole("button", { name: "Escolher os avisos" }).click();
  const imports = panel.getByRole("checkbox", { name: "Importações concluídas" });
  await imports.uncheck();
  await expectClean(first, { within: '[role="dialog"]' });
  await second.reload();
  await bell(second).click();
  await second.getByRole("button", { name: "Escolher os avisos" }).click();
  await expect(second.getByRole("checkbox", { name: "Importações concluídas" })).not.toBeChecked();
  await ownClients(1);
  await first.reload();
  await expect(bell(first)).toBeVisible();
  await bell(first).click();
  await expect(panel.locator("[data-unread]").filter({ hasText: "Importação concluída" })).toHaveCount(0);
  await panel.getByRole("button", { name: "Escolher os avisos" }).click();
  await imports.check();
});
