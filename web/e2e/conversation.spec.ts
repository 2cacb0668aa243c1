import { expectClean } from "./axe.ts";
import { expect, openService, test, timeline } from "./people.ts";
import { arrived, composerOf, digits, openTalk, talkOf, write } from "./talks.ts";

test("a chat goes both ways, with receipts, and is never doubled by a lost answer", async ({
  windowOf,
  ownClient,
  request,
}) => {
  const page = await windowOf("operador@demo.test");
  await openTalk(page, request, ownClient, "Quero negociar");
  const talk = talkOf(page);
  await expect(talk.getByText("De ninguém")).toBeVisible();
  await expect(talk.getByTestId("window-left")).toHaveText(/^23 h 5\d min$/);

  let lost = 0;
  await page.route("**/rest/v1/rpc/send_chat_message", async (route) => {
    // It arrives; its answer does not.
    await route.fetch();
    lost += 1;
    if (lost === 1) await route.abort();
    else await route.fulfill({ response: await route.fetch() });
  });
  await composerOf(page).fill("Olá! Em que posso ajudar?");
  await composerOf(page).press("Shift+Enter");
  await composerOf(page).pressSequentially("😀 Segunda linha");
  await composerOf(page).press("Enter");
  await expect(composerOf(page)).toHaveValue("");
  const mine = talk.getByRole("listitem").filter({ hasText: "Segunda linha" });
  await expect(mine.getByText("lida")).toBeVisible();
  await expect(mine).toHaveCount(1);
  expect(lost).toBe(2);
  expect(await arrived(request, digits(ownClient))).toEqual(["Olá! Em que posso ajudar?\n😀 Segunda linha"]);
  await expect(talk.getByText("Sua conversa")).toBeVisible();

  await write(request, digits(ownClient), "Comprovante", { media: "image" });
  await expect(
    talk.getByRole("button", { name: "Ampliar a foto" }).getByRole("img", { name: "Comprovante" }),
  ).toBeVisible();

  const pdf = { name: "boleto.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.7 segunda via") };
  await page.getByLabel("Arquivo para enviar").setInputFiles({ ...pdf, name: "lista.xlsx", mimeType: "text/plain" });
  await expect(page.getByRole("alert")).toHaveText(/Só é possível enviar fotos/);
  await page.getByLabel("Arquivo para enviar").setInputFiles(pdf);
  await composerOf(page).fill("Segue a segunda via");
  await composerOf(page).press("Enter");
  const file = talk.getByRole("listitem").filter({ hasText: "boleto.pdf" });
  await expect(file.getByText("lida")).toBeVisible();
  await expect(composerOf(page)).toHaveValue("");
  expect(await arrived(request, digits(ownClient))).toContain("Segue a segunda via");
  const download = page.waitForEvent("download");
  await file.getByRole("button", { name: "boleto.pdf" }).click();
  expect((await download).suggestedFilename()).toBe("boleto.pdf");
  await expectClean(page);
});

test("a draft waits through a reload and in another window, and a canned reply speaks to this client", async ({
  windowOf,
  ownClient,
  request,
}) => {
  const shortcut = `saudacao-${ownClient.code.toLowerCase()}`;
  const boss = await windowOf("supervisor@demo.test");
  await boss.evaluate(async (name) => {
    const session = JSON.parse(localStorage.getItem("cobranca.session") ?? "{}") as { access_token: string };
    const apikey = document.querySelector<HTMLMetaElement>('meta[name="supabase-publishable-key"]')?.content ?? "";
    const headers = { apikey, Authorization: `Bearer ${session.access_token}`, "Content-Type": "application/json" };
    const body = JSON.stringify({
      shortcut: name,
      body: "Olá, {{client.first_name}}! Seu saldo é {{client.open_total}}.",
    });
    const answer = await fetch("/rest/v1/canned_replies", { method: "POST", headers, body });
    if (!answer.ok) throw new Error(await answer.text());
  }, shortcut);

  const page = await windowOf("operador@demo.test");
  await openTalk(page, request, ownClient);
  const saved = page.waitForResponse(/conversation_drafts/);
  await composerOf(page).fill("metade de uma frase");
  await saved;
  await page.reload();
  await expect(composerOf(page)).toHaveValue("metade de uma frase");
  // Another desk: its own storage.
  const desk = await windowOf("operador@demo.test", { at: page.url() });
  await expect(composerOf(desk)).toHaveValue("metade de uma frase");

  await composerOf(page).fill(`/${shortcut.slice(0, -1)}`);
  const replies = page.getByRole("listbox", { name: "Respostas prontas" });
  await expect(replies.getByRole("option")).toHaveCount(1);
  await composerOf(page).press("ArrowDown");
  await composerOf(page).press("Enter");
  const said = `Olá, ${ownClient.name.split(" ")[0]}! Seu saldo é R$ `;
  await expect(composerOf(page)).toHaveValue(new RegExp(`^${said.replace("$", "\\$")}`));
  await expect(replies).toBeHidden();
  await composerOf(page).press("Enter");
  await expect(talkOf(page).getByText(said)).toBeVisible();
  await expect.poll(async () => (await arrived(request, digits(ownClient))).length).toBe(1);
  await page.reload();
  await expect(talkOf(page).getByText(said)).toBeVisible();
  await expect(composerOf(page)).toHaveValue("");
});

test("to who has not written only a template goes, with its words and its cost", { tag: "@proof" }, async ({
  windowOf,
  ownClient,
  request,
}) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  await page.keyboard.press("Alt+KeyW");
  await page.getByRole("button", { name: "Começar conversa" }).click();
  const talk = talkOf(page);
  await expect(talk.getByText("Só modelos")).toBeVisible();
  await composerOf(page).fill("texto livre");
  await expect(page.getByRole("button", { name: "Enviar", exact: true })).toBeDisabled();
  await composerOf(page).press("Enter");
  expect(await arrived(request, digits(ownClient))).toEqual([]);

  await page.getByRole("button", { name: "Escolher um modelo" }).click();
  const template = page.getByRole("radio", { name: /lembrete/ });
  await expect(page.getByText(/cerca de US\$\s0,0034/).first()).toBeVisible();
  await expect(page.getByText(`Olá, ${ownClient.name.split(" ")[0]}!`)).toBeVisible();
  await template.check();
  await expectClean(page);
  await page.getByRole("button", { name: "Enviar modelo" }).click();
  await expect(talk.getByText("Modelo lembrete")).toBeVisible();
  await expect.poll(async () => (await arrived(request, digits(ownClient))).length).toBe(1);
  await expect(talk.getByText("Sua conversa")).toBeVisible();
});

test("who asks to stop is left alone, and the chat says why", async ({ windowOf, ownClient, request }) => {
  const page = await windowOf("operador@demo.test");
  await openTalk(page, request, ownClient, "não quero parcelar em 12 vezes");
  await expect(composerOf(page)).toBeEnabled();
  await write(request, digits(ownClient), "NÃO QUERO MAIS, por favor!");
  const talk = talkOf(page);
  await expect(talk.getByText(/pediu para não receber mensagens: contato bloqueado/)).toBeVisible();
  await expect(composerOf(page)).toBeDisabled();
  await expect(talk.getByText(/Só um administrador pode liberar/)).toBeVisible();
  await expect(talk.getByRole("button", { name: "Enviar um modelo" })).toBeDisabled();
  await page.getByRole("button", { name: "Fechar a conversa" }).click();
  await expect(timeline(page).getByText("Pediu para não receber mensagens")).toBeVisible();
});

test("another agency sees nothing of it, not even by its address", { tag: "@proof" }, async ({
  windowOf,
  ownClient,
  request,
}) => {
  const page = await windowOf("operador@demo.test");
  await openTalk(page, request, ownClient, "só para a primeira agência");
  await page.goto("/conversas?ver=todas");
  await page.getByRole("link", { name: new RegExp(ownClient.name) }).click();
  await expect(talkOf(page).getByText("só para a primeira agência")).toBeVisible();
  const stranger = await windowOf("admin@outra.test", { at: "/conversas?ver=todas" });
  await expect(stranger.getByRole("heading", { name: "Conversas" })).toBeVisible();
  const list = stranger.getByRole("region", { name: "Lista de conversas" });
  await expect(list.locator("[aria-busy]")).toHaveCount(0);
  await expect(list.getByText(ownClient.name)).toHaveCount(0);
  await stranger.goto(page.url());
  await expect(stranger.getByText("Esta conversa não existe mais.")).toBeVisible();
});
