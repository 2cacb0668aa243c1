import { expectClean } from "./axe.ts";
import { newWord } from "./own-clients.ts";
import { expect, test } from "./people.ts";

test("who is invited signs up by the mail's link, and who is removed is out while the page is open", async ({
  windowOf,
  browser,
  request,
}) => {
  const admin = await windowOf("admin@demo.test");
  await admin.goto("/configuracoes/pessoas");
  const word = newWord();
  const email = `${word.toLowerCase()}.${Date.now()}@pessoa.test`;
  await admin.getByLabel("E-mail").fill(email);
  await admin.getByLabel("Nome", { exact: true }).fill(`${word} Convidada`);
  await admin.getByRole("button", { name: "Enviar convite" }).click();
  await expect(admin.getByText(`O convite foi para ${email}`)).toBeVisible();
  await expect(admin.getByRole("list", { name: "Convites" }).getByText(email)).toBeVisible();
  await expectClean(admin);

  const mails = (await (await request.get(`/simulators/mail/messages?to=${email}`)).json()) as { html: string }[];
  const link = /href="([^"]+)"/.exec(mails[0]?.html ?? "")?.[1] ?? "";
  const context = await browser.newContext();
  const person = await context.newPage();
  await person.goto(new URL(link).pathname + new URL(link).search);
  await person.getByLabel("Seu nome").fill(`${word} Silva`);
  await person.getByLabel("Senha", { exact: true }).fill("segredo-bom-9");
  await person.getByRole("button", { name: "Aceitar e entrar" }).click();
  await expect(person.getByRole("heading", { name: "Carteira" })).toBeVisible();

  // Without a seat at the dialer the pause is in one's own menu; one that was not taken says so.
  const rest = async (): Promise<void> => {
    await person.getByRole("button", { name: /^Conta de / }).click();
    await person.getByRole("menuitem", { name: "Refeição" }).click();
  };
  await person.route("**/rpc/take_break", (route) => route.abort());
  await rest();
  await expect(person.getByRole("alert").filter({ hasText: "A pausa não começou" })).toBeVisible();
  await person.unroute("**/rpc/take_break");
  await rest();
  await expect(person.getByRole("status").filter({ hasText: "Em pausa Refeição" })).toBeVisible();
  await person.keyboard.press("Alt+p");
  await expect(person.getByText("Em pausa")).toBeHidden();

  await admin.reload();
  await admin.getByRole("button", { name: `Remover ${word} Silva` }).click();
  await admin.getByRole("dialog").getByRole("button", { name: "Remover" }).click();
  await expect(person.getByText(/encerrou o seu acesso/)).toBeVisible();
  await expect(admin.getByRole("list", { name: "Quem saiu" }).getByText(`${word} Silva`)).toBeVisible();
  await context.close();
});

test("a link that was used or made up says so", async ({ page }) => {
  await page.goto(`/convite?token=${"0".repeat(56)}`);
  await page.getByLabel("Seu nome").fill("Quem Sabe");
  await page.getByLabel("Senha", { exact: true }).fill("segredo-bom-9");
  await page.getByRole("button", { name: "Aceitar e entrar" }).click();
  await expect(page.getByText(/Este link já foi usado ou venceu/)).toBeVisible();
});
