import { clientIdOf, expect, openService, storedDispositions, test, timeline } from "./people.ts";

const insertions = "**/rest/v1/call_dispositions*";

test("a disposition made offline is kept, shown as pending and sent once", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  await page.context().setOffline(true);
  await page.keyboard.press("2");
  await expect(timeline(page).getByText("pendente")).toBeVisible();
  await expect(page.getByText("1 pendente")).toBeVisible();
  await page.context().setOffline(false);
  await expect(page.getByText("1 pendente")).toBeHidden();
  await expect(timeline(page).getByText("Otávio Operador")).toBeVisible();
  expect(await storedDispositions(page, clientIdOf(page))).toHaveLength(1);
});

test("a reload and a closed tab lose nothing", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  const context = page.context();
  await context.route(insertions, (route) => (route.request().method() === "POST" ? route.abort() : route.continue()));
  await page.getByLabel("Observação").fill("prometeu ligar de volta");
  await page.getByLabel("Observação").press("Escape");
  await page.keyboard.press("2");
  await expect(page.getByText("1 pendente")).toBeVisible();
  page.on("dialog", (dialog) => void dialog.accept());
  await page.reload();
  await expect(page.getByText("1 pendente")).toBeVisible();
  await expect(timeline(page).getByText("prometeu ligar de volta")).toBeVisible();
  await page.close();

  await context.unroute(insertions);
  const again = await context.newPage();
  await again.goto("/carteira");
  await expect(again.getByText("1 pendente")).toBeHidden();
  await openService(again, ownClient);
  await expect(timeline(again).getByText("prometeu ligar de volta")).toBeVisible();
  expect(await storedDispositions(again, clientIdOf(again))).toMatchObject([
    { disposition_type: "dropped", notes: "prometeu ligar de volta" },
  ]);
});

test("an answer lost on the way back does not make a second disposition", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  let lost = 0;
  await page.route(insertions, async (route) => {
    if (route.request().method() !== "POST" || lost > 0) return route.continue();
    lost += 1;
    await route.fetch();
    await route.abort("connectionreset");
  });
  await page.keyboard.press("2");
  await expect(timeline(page).getByText("Otávio Operador")).toBeVisible();
  await expect(page.getByText("1 pendente")).toBeHidden();
  expect(lost).toBe(1);
  expect(await storedDispositions(page, clientIdOf(page))).toHaveLength(1);
});

test("a server that is down keeps it waiting, and two tabs do not both send it", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  const context = page.context();
  let down = true;
  const sent: string[] = [];
  await context.route(insertions, async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    if (down) return route.fulfill({ status: 503, body: "{}" });
    sent.push(String((route.request().postDataJSON() as { id: string }).id));
    await route.continue();
  });
  await page.keyboard.press("1");
  await expect(page.getByText("1 pendente")).toBeVisible();
  const second = await context.newPage();
  await second.goto("/carteira");
  await expect(second.getByText("1 pendente")).toBeVisible();
  down = false;
  await expect(page.getByText("1 pendente")).toBeHidden();
  await expect(second.getByText("1 pendente")).toBeHidden();
  expect(sent).toHaveLength(1);
  expect(await storedDispositions(page, clientIdOf(page))).toHaveLength(1);
});

test("a refusal is shown in a sentence and goes back to the form when corrected", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  await page.route(insertions, (route) =>
    route.fulfill({ status: 400, json: { code: "PT400", message: "callback_in_past", details: "", hint: null } }),
  );
  await page.getByLabel("Observação").fill("volta às 15");
  await page.getByLabel("Observação").press("Escape");
  await page.keyboard.press("5");
  await expect(timeline(page).getByRole("alert")).toHaveText("Este horário de retorno já passou. Escolha outro.");
  await expect(page.getByLabel("Observação")).toHaveValue("");
  await page.unroute(insertions);
  await page.getByRole("button", { name: "Corrigir" }).click();
  await expect(page.getByLabel("Observação")).toHaveValue("volta às 15");
  expect(await storedDispositions(page, clientIdOf(page))).toHaveLength(0);
  await page.getByRole("button", { name: "Negociar" }).click();
  await expect(timeline(page).getByText("Otávio Operador")).toBeVisible();
  expect(await storedDispositions(page, clientIdOf(page))).toHaveLength(1);
});

test("leaving with something pending asks first", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  await page.route(insertions, (route) => route.fulfill({ status: 503, body: "{}" }));
  await page.keyboard.press("1");
  await expect(page.getByText("1 pendente")).toBeVisible();
  const asked = new Promise<string>((resolve) => {
    page.once("dialog", (dialog) => {
      resolve(dialog.type());
      void dialog.dismiss();
    });
  });
  await page.close({ runBeforeUnload: true });
  expect(await asked).toBe("beforeunload");
});

test("two quick presses of one key are one disposition", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  await page.keyboard.press("3");
  await page.keyboard.press("3");
  await expect(timeline(page).getByText("Otávio Operador")).toBeVisible();
  expect(await storedDispositions(page, clientIdOf(page))).toHaveLength(1);
});

test("a draft survives a reload and stays with its client", async ({ windowOf, ownClient, pool }) => {
  const page = await windowOf("operador@demo.test");
  await openService(page, ownClient);
  await page.getByLabel("Observação").fill("mora com a irmã");
  await page.reload();
  await expect(page.getByLabel("Observação")).toHaveValue("mora com a irmã");
  await openService(page, await pool());
  await expect(page.getByLabel("Observação")).toHaveValue("");
});
