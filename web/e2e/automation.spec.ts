import { expectClean } from "./axe.ts";
import { expect, openService, test, timeline } from "./people.ts";

test("a rule is written, rehearsed, switched on, obeyed after an undo, and its failure done again", async ({
  windowOf,
  request,
  ownClients,
}) => {
  const [client] = await ownClients(1);
  if (!client) throw new Error("no client");
  const operator = await windowOf("operador@demo.test");
  await openService(operator, client);
  await operator.keyboard.press("2");
  await expect(timeline(operator).getByText("Ligação Interrompida", { exact: true })).toBeVisible();

  const admin = await windowOf("admin@demo.test", { at: "/automacao" });
  await admin.getByRole("link", { name: "Nova regra" }).click();
  const rule = `Caiu a linha, ${client.creditor}`;
  await admin.getByLabel("Nome da regra").fill(rule);
  await admin.getByLabel("Qual tabulação").selectOption({ label: "Ligação Interrompida" });
  await admin.getByLabel("Modelo da mensagem").selectOption({ label: "lembrete" });
  await admin.getByRole("button", { name: "Escolher condições" }).click();
  await admin.getByRole("checkbox", { name: client.creditor }).check();
  await admin.getByRole("button", { name: "Usar estas condições" }).click();
  await expect(admin.getByTestId("sentence")).toContainText(
    `Depois de Ligação Interrompida (clientes: credor ${client.creditor}): em 10 s envia “lembrete” por WhatsApp.`,
  );
  await admin.getByRole("button", { name: "Salvar", exact: true }).click();
  await expect(admin.getByText("Para ligar: simule a regra e veja o que ela faria.")).toBeVisible();
  await expect(admin.getByRole("button", { name: "Ligar regra" })).toBeDisabled();
  await admin.getByRole("button", { name: "Simular" }).click();
  await expect(admin.getByTestId("dry-run")).toContainText("Agiria agora em 1 caso");
  // The day's other dispositions are there, too, skipped: their clients are of other creditors.
  await admin.getByRole("button", { name: /Passo 1: envia/ }).click();
  const rehearsed = admin.getByRole("region", { name: "Clientes da simulação" }).getByRole("listitem");
  await expect(rehearsed).toHaveCount(1);
  await expect(rehearsed).toContainText(client.name);
  await expect(rehearsed).toContainText(client.creditor);
  await admin.getByRole("button", { name: "Ligar regra" }).click();
  await expect(admin.getByRole("button", { name: "Desligar regra" })).toBeVisible();
  await expectClean(admin);

  const body = { status: "error", message: "Template Not Found" };
  const phone = client.phone.slice(1);
  await request.post("/simulators/gupshup/_control/misbehave", { data: { do: "answer", status: 400, body, phone } });
  await operator.getByRole("button", { name: "Ligação Interrompida" }).focus();
  await expect(operator.getByText("Envia “lembrete” por WhatsApp em 10 s.")).toBeVisible();
  await operator.keyboard.press("2");
  await operator.keyboard.press("Control+z");
  await expect(operator.getByText("Desfeita: Ligação Interrompida")).toBeVisible();
  await expect(timeline(operator).getByRole("deletion")).toHaveText("Ligação Interrompida");
  await operator.keyboard.press("2");
  await expect(operator.getByRole("button", { name: "Desfazer a tabulação" })).toBeVisible();
  await expect(timeline(operator).getByText("falhou").first()).toBeVisible();
  await expect(timeline(operator).getByText(`Automação: ${rule}`)).toHaveCount(1);
  await expect(operator.getByRole("alert").filter({ hasText: "Uma automação falhou" })).toBeVisible();

  await admin.goto("/automacao/execucoes?situacao=falhou");
  await expect(admin.getByRole("row", { name: client.name })).toContainText(rule);
  await admin.goto("/automacao/falhas?tipo=automation");
  const failure = admin.getByRole("row", { name: client.name });
  await expect(failure).toContainText("recusada pelo provedor");
  await expectClean(admin);
  await failure.getByRole("button", { name: /^Deixar de lado/ }).click();
  await expect(failure).toHaveCount(0);
  await admin.getByRole("button", { name: "Deixadas de lado" }).click();
  await failure.getByRole("button", { name: /^Trazer de volta/ }).click();
  await expect(admin.getByRole("status").filter({ hasText: "De volta à lista" })).toBeVisible();
  await expect(failure).toHaveCount(0);
  await admin.getByRole("button", { name: /^Todas/ }).click();
  await failure.getByRole("button", { name: /^Reprocessar/ }).click();
  await expect(failure).toHaveCount(0);
  await expect(timeline(operator).locator('[data-status="read"]')).toBeVisible();

  await admin.goto("/automacao");
  await admin.getByLabel(`Ligar ${rule}`).click();
  await expect(admin.getByLabel(`Ligar ${rule}`)).not.toBeChecked();
});

test("an operator finds no door to the rules, and no way to write or rehearse them", { tag: "@proof" }, async ({
  windowOf,
}) => {
  const page = await windowOf("operador@demo.test");
  await expect(page.getByRole("navigation").getByRole("link", { name: "Agenda" })).toBeVisible();
  await expect(page.getByRole("navigation").getByRole("link", { name: "Automação" })).toHaveCount(0);
  await page.goto("/automacao");
  await expect(page.getByText("As regras são da supervisão")).toBeVisible();
  await page.goto("/automacao/falhas");
  await expect(page.getByText("As falhas são da supervisão")).toBeVisible();
  const answers = await page.evaluate(async () => {
    const session = JSON.parse(localStorage.getItem("cobranca.session") ?? "{}") as { access_token: string };
    const apikey = document.querySelector<HTMLMetaElement>('meta[name="supabase-publishable-key"]')?.content ?? "";
    const id = crypto.randomUUID();
    const asked: Record<string, object> = {
      save_rule: { rule_id: id, definition: {} },
      set_rule_enabled: { rule_id: id, is_enabled: true },
      dry_run_rule: { rule_id: id, from_date: "2026-11-22", to_date: "2026-11-22" },
      list_failures: {},
      reprocess_failures: { items: [] },
    };
    const statuses = Object.entries(asked).map(async ([name, args]) => {
      const headers = { apikey, Authorization: `Bearer ${session.access_token}`, "Content-Type": "application/json" };
      const answer = await fetch(`/rest/v1/rpc/${name}`, { method: "POST", headers, body: JSON.stringify(args) });
      return [name, answer.status] as const;
    });
    return Object.fromEntries(await Promise.all(statuses));
  });
  expect(answers).toEqual({
    save_rule: 403,
    set_rule_enabled: 403,
    dry_run_rule: 403,
    list_failures: 403,
    reprocess_failures: 403,
  });
});
