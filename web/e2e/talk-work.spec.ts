import { agree, giveAddress } from "./agreed.ts";
import { expect, test } from "./people.ts";
import { arrived, composerOf, digits, openTalk, talkOf, write } from "./talks.ts";

test("what cannot be sent says why, and goes once when it is tried again from two windows", { tag: "@proof" }, async ({
  windowOf,
  ownClient,
  request,
}) => {
  const page = await windowOf("operador@demo.test");
  await openTalk(page, request, ownClient);
  const phone = digits(ownClient);
  const body = { status: "error", message: "Nobody knows", code: 99_999 };
  await request.post("/simulators/gupshup/_control/misbehave", { data: { do: "answer", status: 400, body, phone } });
  await composerOf(page).fill("Não chegou da primeira vez");
  await composerOf(page).press("Enter");
  const failed = talkOf(page).getByRole("listitem").filter({ hasText: "Não enviada" });
  await expect(failed.getByText(/recusada pelo provedor sem motivo conhecido/)).toBeVisible();
  const second = await windowOf("operador@demo.test", { at: page.url() });
  await expect(talkOf(second).getByRole("button", { name: "Tentar de novo" })).toBeVisible();
  await Promise.all([page, second].map((each) => talkOf(each).getByRole("button", { name: "Tentar de novo" }).click()));
  await expect(talkOf(page).getByText("lida", { exact: true })).toBeVisible();
  expect(await arrived(request, phone)).toEqual(["Não chegou da primeira vez"]);
});

test("older messages come in above without moving what is read", { tag: "@proof" }, async ({
  windowOf,
  ownClient,
  request,
}) => {
  const page = await windowOf("operador@demo.test");
  await openTalk(page, request, ownClient, "mensagem 0");
  for (let index = 1; index <= 70; index += 1) await write(request, digits(ownClient), `mensagem ${index}`);
  const talk = talkOf(page);
  await expect(talk.getByText("mensagem 70", { exact: true })).toBeInViewport();
  await page.reload();
  await expect(talk.getByText("mensagem 70", { exact: true })).toBeInViewport();
  await expect(talk.getByText("mensagem 1", { exact: true })).toHaveCount(0);

  const list = talk.locator("ol").locator("..");
  const read = talk.getByText("mensagem 24", { exact: true });
  await list.evaluate((box) => {
    const line = [...box.querySelectorAll("li")].find((item) => item.textContent?.startsWith("mensagem 24"));
    box.scrollTop += (line?.getBoundingClientRect().top ?? 0) - box.getBoundingClientRect().top - 40;
  });
  const before = await read.boundingBox();
  await expect(talk.getByText("mensagem 1", { exact: true })).toHaveCount(1);
  expect(Math.abs(((await read.boundingBox())?.y ?? 0) - (before?.y ?? 0))).toBeLessThan(3);

  await write(request, digits(ownClient), "bem mais nova");
  await expect(talk.getByText("bem mais nova")).toHaveCount(1);
  expect(Math.abs(((await read.boundingBox())?.y ?? 0) - (before?.y ?? 0))).toBeLessThan(3);
  await talk.getByRole("button", { name: "Mais recentes" }).click();
  await expect(talk.getByText("bem mais nova")).toBeInViewport();
});

test("a Pix is made and sent with one click, and its words are on the person's phone", async ({
  windowOf,
  ownClient,
  request,
}) => {
  const page = await windowOf("operador@demo.test");
  await agree(page, ownClient, "2");
  await openTalk(page, request, ownClient, "Manda o Pix?");
  await expect(talkOf(page).getByText("Sua conversa")).toBeVisible();
  await page.getByRole("button", { name: "Enviar Pix ou boleto" }).click();
  await page.getByRole("button", { name: "Gerar e enviar Pix" }).first().click();
  await giveAddress(page);
  const charge = talkOf(page).getByRole("listitem").filter({ hasText: "Pix copia e cola" });
  await expect(charge.getByText("Cobrança", { exact: true })).toBeVisible();
  await expect(charge.getByText("lida")).toBeVisible();
  const [text] = await arrived(request, digits(ownClient));
  expect(text).toContain("Pix copia e cola");
});
