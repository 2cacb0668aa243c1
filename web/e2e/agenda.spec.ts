import type { Page } from "@playwright/test";
import { bothSchemes, expectCleanInBoth } from "./axe.ts";
import { bell, unread } from "./bell.ts";
import { setDemoClock } from "./demo-clock.ts";
import type { OwnClient } from "./own-clients.ts";
import { clientIdOf, expect, openService, test } from "./people.ts";

/** Presses 4 and takes the first lawful chip, as whoever is on the phone with the debtor. */
async function promise(page: Page, client: OwnClient): Promise<void> {
  await openService(page, client);
  await page.keyboard.press("4");
  const form = page.getByRole("form", { name: "Horário do retorno" });
  await form.locator('button[aria-disabled="false"]').first().click();
  await form.getByRole("button", { name: "Agendar retorno" }).click();
  await expect(page.getByText("Registrada: Retornar Ligação")).toBeVisible();
}

function rowOf(page: Page, { name }: OwnClient): ReturnType<Page["getByRole"]> {
  return page.getByRole("listitem").filter({ has: page.getByRole("link", { name }) });
}

async function dueAt(page: Page, client: OwnClient): Promise<string> {
  return (await rowOf(page, client).getByRole("time").first().getAttribute("datetime")) ?? "";
}

/** Counts the notes that the page plays; a browser without a person lets it. */
async function listen(page: Page): Promise<() => Promise<number>> {
  await page.addInitScript(() => {
    Object.assign(window, { notes: 0 });
    const begin = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (this: OscillatorNode, when?: number): void {
      Object.assign(window, { notes: (window as unknown as { notes: number }).notes + 1 });
      begin.call(this, when);
    };
  });
  await page.reload();
  return () => page.evaluate(() => (window as unknown as { notes: number }).notes);
}

test("a promised call is found in the agenda, rings in a second window, is the next client and ends by keyboard", async ({
  windowOf,
  ownClients,
}) => {
  const [promised, other] = await ownClients(2);
  if (!promised || !other) throw new Error("two clients were asked for");
  const mine = await windowOf("operador2@demo.test");
  await promise(mine, promised);
  const promisedId = clientIdOf(mine);
  await mine.goto("/agenda?de=mim");
  const row = rowOf(mine, promised);
  await expect(row).toContainText("Seu; marcado por Olívia Operadora");
  await expect(row).toContainText(/Pode ligar até|Fora do horário/);
  const second = await windowOf("operador2@demo.test", { alone: true });
  const notes = await listen(second);
  await expect(bell(second)).toBeVisible();
  await second.getByRole("link", { name: "Agenda", exact: true }).click();
  const before = await unread(second);

  const restore = setDemoClock(await dueAt(mine, promised));
  try {
    for (const page of [mine, second])
      await expect(page.getByRole("alert").filter({ hasText: `Hora de ligar para ${promised.name}` })).toBeVisible();
    await expect.poll(notes).toBe(2);
    await expect.poll(() => unread(second)).toBe(before + 1);
    await expect.poll(() => unread(mine)).toBe(before + 1);
    await expect(row).toContainText("atrasado");

    await openService(second, other);
    await expect(second.getByRole("button", { name: /^Próximo cliente/ })).toBeVisible();
    await second.keyboard.press("Alt+n");
    await second.waitForURL(`**/atendimento/${promisedId}`);
    await expect(second.getByTestId("why-next")).toContainText("Seu retorno de hoje");
    await second.reload();
    await expect(second.getByTestId("why-next")).toContainText("Seu retorno de hoje");

    await mine.locator("body").click({ position: { x: 700, y: 5 } });
    const link = row.getByRole("link", { name: promised.name });
    await expect(async () => {
      await mine.keyboard.press("ArrowDown");
      await expect(link).toBeFocused({ timeout: 500 });
    }).toPass();
    await mine.keyboard.press("c");
    await expect(mine.getByText(`Retorno de ${promised.name} concluído.`)).toBeVisible();
    await expect(row).toHaveCount(0);
    // Its bell has nothing to say any more, in any window.
    await expect.poll(() => unread(second)).toBe(before);
    await expect.poll(() => unread(mine)).toBe(before);
  } finally {
    restore();
  }
});

test("a call is moved to a lawful moment and called off with its reason, by letters", async ({
  windowOf,
  ownClient,
}) => {
  const page = await windowOf("operador2@demo.test");
  await promise(page, ownClient);
  await page.goto("/agenda?de=mim");
  const link = rowOf(page, ownClient).getByRole("link", { name: ownClient.name });
  const first = await dueAt(page, ownClient);
  await link.focus();
  await page.keyboard.press("r");
  const form = page.getByRole("form", { name: "Horário do retorno" });
  await form.getByLabel("Hora", { exact: true }).fill("23:00");
  await expect(form.getByRole("button", { name: "Remarcar retorno" })).toHaveCount(0);
  await form.getByRole("button", { name: /^Usar .*permitido/ }).click();
  await form.getByRole("button", { name: "Remarcar retorno" }).click();
  await expect(page.getByText(`Retorno de ${ownClient.name} remarcado.`)).toBeVisible();
  await expect.poll(() => dueAt(page, ownClient)).not.toBe(first);
  // The row is another one, under another day; the focus is with it.
  await expect(link).toBeFocused();
  await page.keyboard.press("x");
  await page.getByLabel("Motivo").fill("Pagou ontem");
  await page.keyboard.press("Enter");
  await expect(rowOf(page, ownClient)).toHaveCount(0);
});

test("two operators are never led to the same client", { tag: "@proof" }, async ({ windowOf, ownClients }) => {
  await ownClients(3);
  const windows = [await windowOf("operador@demo.test"), await windowOf("operador2@demo.test")];
  for (const page of windows) {
    await page.goto("/agenda");
    await expect(page.getByRole("button", { name: /^Próximo cliente/ })).toBeVisible();
  }
  await Promise.all(windows.map((page) => page.keyboard.press("Alt+n")));
  for (const page of windows)
    await expect(page.getByTestId("why-next").or(page.getByText("Ninguém na sua fila agora"))).toBeVisible();
  const places = windows.map((page) => new URL(page.url()).pathname).filter((path) => path !== "/agenda");
  expect(new Set(places).size).toBe(places.length);
});

test("another agency finds nothing of it, and is refused what it names", { tag: "@proof" }, async ({
  windowOf,
  ownClient,
}) => {
  const mine = await windowOf("operador2@demo.test");
  await promise(mine, ownClient);
  await mine.goto("/agenda?de=mim");
  const id = await rowOf(mine, ownClient).locator("[data-callback-link]").getAttribute("data-callback-link");
  const theirs = await windowOf("admin@outra.test", { at: "/agenda?de=todos" });
  await expect(theirs.getByRole("heading", { name: "Agenda" })).toBeVisible();
  await expect(theirs.getByText("por vir").or(theirs.getByText("Nenhum retorno marcado aqui")).first()).toBeVisible();
  await expect(theirs.getByText(ownClient.name)).toHaveCount(0);
  const refusal = await theirs.evaluate(async (callback) => {
    const session = JSON.parse(localStorage.getItem("cobranca.session") ?? "{}") as { access_token: string };
    const apikey = document.querySelector<HTMLMetaElement>('meta[name="supabase-publishable-key"]')?.content ?? "";
    const answer = await fetch("/rest/v1/rpc/complete_callback", {
      method: "POST",
      headers: { apikey, Authorization: `Bearer ${session.access_token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ callback_id: callback }),
    });
    return [answer.status, ((await answer.json()) as { message: string }).message];
  }, id);
  expect(refusal).toEqual([404, "callback_not_found"]);
});

test(
  "the agenda passes axe as list, week and question, light and dark",
  bothSchemes,
  async ({ windowOf, ownClient }) => {
    const page = await windowOf("operador2@demo.test");
    await promise(page, ownClient);
    await page.goto("/agenda?de=mim");
    await expect(rowOf(page, ownClient)).toBeVisible();
    await expectCleanInBoth(page);
    await rowOf(page, ownClient)
      .getByRole("button", { name: /^Remarcar/ })
      .click();
    await expect(page.getByRole("form", { name: "Horário do retorno" })).toBeVisible();
    await expectCleanInBoth(page, { within: '[role="dialog"]' });
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Semana", exact: true }).click();
    await expect(page.getByRole("region", { name: /^Hoje/ })).toBeVisible();
    await expectCleanInBoth(page);
  },
);

test("a phone lists the agenda without sideways scrolling", { tag: "@proof" }, async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador2@demo.test", {
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  });
  await promise(page, ownClient);
  await page.goto("/agenda?de=mim");
  await expect(rowOf(page, ownClient)).toBeVisible();
  await expect(page.getByRole("button", { name: "Semana", exact: true })).toBeHidden();
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(
    0,
  );
  await rowOf(page, ownClient)
    .getByRole("button", { name: /^Feito/ })
    .tap();
  await expect(rowOf(page, ownClient)).toHaveCount(0);
});
