import { expectClean } from "./axe.ts";
import { expect, test } from "./people.ts";
import { composerOf, digits, openTalk, talkOf, write } from "./talks.ts";

test("a stranger is put aside, brought back, and linked to whoever it is", async ({ windowOf, ownClient, request }) => {
  const page = await windowOf("operador@demo.test");
  const phone = `5581${Math.floor(Math.random() * 90_000_000 + 910_000_000)}`;
  await page.goto("/conversas?ver=desconhecidas");
  await write(request, phone, "quem é você?", { name: `Estranho ${ownClient.code}` });
  await page.getByRole("link", { name: new RegExp(`Estranho ${ownClient.code}`) }).click();
  const panel = page.getByRole("region", { name: "De quem é este número?" });
  await panel.getByRole("button", { name: "Ignorar este número" }).click();
  await expect(page.getByText("Ignorada", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Trazer de volta" }).click();
  await panel.getByLabel("Procurar na carteira").fill(ownClient.code);
  await panel.getByRole("button", { name: new RegExp(`É de ${ownClient.name}`) }).click();
  await expect(panel).toBeHidden();
  await expect(talkOf(page).getByRole("link", { name: ownClient.name })).toBeVisible();
  await expectClean(page);
});

test("the owner hears of a new message, and a takeover is a supervisor's and is told", async ({
  windowOf,
  ownClient,
  request,
}) => {
  const page = await windowOf("operador@demo.test");
  await openTalk(page, request, ownClient);
  await composerOf(page).fill("Pode falar");
  await composerOf(page).press("Enter");
  await expect(talkOf(page).getByText("Sua conversa")).toBeVisible();
  const talkUrl = page.url();
  await page.goto("/carteira");
  await expect(page.getByRole("button", { name: /^Notificações/ })).toBeVisible();
  await write(request, digits(ownClient), "Está aí?");
  await page
    .getByRole("alert")
    .filter({ hasText: "Nova mensagem no WhatsApp" })
    .getByRole("link", { name: "Abrir" })
    .click();
  await expect(talkOf(page).getByText("Está aí?")).toBeVisible();

  const other = await windowOf("operador2@demo.test", { at: talkUrl });
  await expect(talkOf(other).getByText("De Otávio Operador")).toBeVisible();
  await expect(talkOf(other).getByRole("button", { name: "Assumir conversa" })).toBeHidden();
  await composerOf(other).fill("vou responder");
  await expect(talkOf(other).getByText(/Esta conversa é de Otávio Operador/)).toBeVisible();

  const boss = await windowOf("supervisor@demo.test", { at: talkUrl });
  await talkOf(boss).getByRole("button", { name: "Assumir conversa" }).click();
  await expect(talkOf(boss).getByText("Sua conversa")).toBeVisible();
  await expect(talkOf(page).getByText("Sônia Supervisora assumiu a conversa de Otávio Operador")).toBeVisible();
});

test("on a phone, and by keyboard alone", { tag: "@proof" }, async ({ windowOf, ownClient, request }) => {
  const page = await windowOf("operador@demo.test");
  await openTalk(page, request, ownClient, "Oi do celular");
  await page.goto("/conversas?ver=livres");
  await page.getByRole("link", { name: new RegExp(ownClient.name) }).focus();
  await page.keyboard.press("Enter");
  await expect(composerOf(page)).toBeFocused();
  await page.keyboard.type("Respondo só com teclas");
  await page.keyboard.press("Enter");
  await expect(talkOf(page).getByText("Respondo só com teclas")).toBeVisible();

  await page.setViewportSize({ width: 390, height: 844 });
  await expect(page.getByRole("heading", { name: "Conversas" })).toBeHidden();
  await expect(composerOf(page)).toBeInViewport();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(wide).toBe(0);
  await expectClean(page);
  await page.getByRole("link", { name: "Voltar à lista de conversas" }).click();
  await expect(page.getByRole("heading", { name: "Conversas" })).toBeVisible();
  await expectClean(page);
});
