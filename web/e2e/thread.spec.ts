import { clientIdOf, expect, openService, test, timeline } from "./people.ts";

test("press 1 and a second window sees enviada → entregue → lida without a reload", async ({ windowOf, ownClient }) => {
  const mine = await windowOf("operador@demo.test");
  await openService(mine, ownClient);
  const other = await windowOf("operador2@demo.test", { at: mine.url() });
  await expect(other.getByRole("button", { name: "Caixa Postal" })).toBeVisible();
  // Every status the second window shows, in order, written down by the page itself.
  await other.evaluate(() => {
    const seen: string[] = [];
    Object.assign(window, { seen });
    const look = (): void => {
      const status = document.querySelector<HTMLElement>("[data-status][data-message]")?.dataset.status;
      if (status && seen.at(-1) !== status) seen.push(status);
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
  });

  await mine.keyboard.press("1");
  await expect(timeline(mine).getByText("Caixa Postal", { exact: true })).toBeVisible();
  await expect(timeline(other).getByText("Caixa Postal", { exact: true })).toBeVisible();
  await expect(timeline(other).getByText("Otávio Operador")).toBeVisible();
  await expect(timeline(other).locator('[data-status="read"]')).toBeVisible();
  await expect(timeline(other).getByText(/^enviada \d\d:\d\d$/)).toBeVisible();
  await expect(timeline(other).getByText(/^entregue \d\d:\d\d$/)).toBeVisible();
  await expect(timeline(other).getByText(/^lida \d\d:\d\d$/)).toBeVisible();
  const seen = await other.evaluate(() => (window as unknown as { seen: string[] }).seen);
  const rank = ["queued", "sending", "submitted", "sent", "delivered", "read"];
  expect(seen).toEqual([...seen].sort((a, b) => rank.indexOf(a) - rank.indexOf(b)));
  expect(seen.at(-1)).toBe("read");
});

test("another tenant sees none of it", async ({ windowOf, ownClient }) => {
  const mine = await windowOf("operador@demo.test");
  await openService(mine, ownClient);
  await mine.keyboard.press("1");
  await expect(timeline(mine).getByText("Caixa Postal", { exact: true })).toBeVisible();
  const name = await mine.getByRole("heading", { level: 1 }).innerText();

  const stranger = await windowOf("admin@outra.test");
  await stranger.getByLabel("Buscar na carteira").fill(name);
  await expect(stranger.getByText("Ninguém corresponde a este filtro")).toBeVisible();
  await stranger.goto(`/atendimento/${clientIdOf(mine)}`);
  await expect(stranger.getByText("Este cliente não está na carteira desta assessoria.")).toBeVisible();
  await expect(stranger.getByText(name)).toHaveCount(0);
  await stranger.goto("/automacao/execucoes");
  await expect(stranger.getByRole("region", { name: "Execuções" })).toBeVisible();
  await expect(stranger.getByText(name)).toHaveCount(0);
});

test("a callback takes a lawful time and refuses an unlawful one", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  await page.keyboard.press("4");
  const form = page.getByRole("form", { name: "Horário do retorno" });
  const lawful = form.getByRole("button", { disabled: false }).filter({ hasNotText: "Agendar" }).last();
  await lawful.click();
  await form.getByLabel("Hora").fill("03:00");
  await expect(form.getByText(/03:00: (antes das \d\d:\d\d não se liga|já passou|não se liga|feriado)/)).toBeVisible();
  await expect(form.getByRole("button", { name: "Agendar retorno" })).toBeHidden();
  await lawful.click();
  await form.getByRole("button", { name: "Agendar retorno" }).click();
  await expect(timeline(page).getByText(/^Retorno marcado para/)).toBeVisible();
  await expect(page.getByText(/^Retorno marcado:/)).toBeVisible();
});
