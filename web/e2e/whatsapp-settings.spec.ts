import { expectClean } from "./axe.ts";
import { expect, test } from "./people.ts";

const settings = "/configuracoes";

test("a connection is tested, its key kept, and its webhook's key replaced", async ({ windowOf }) => {
  const page = await windowOf("admin@demo.test", { at: `${settings}/integracoes` });
  const meta = page.getByRole("region", { name: "Meta (WhatsApp Cloud API)", exact: true });
  await meta.getByRole("button", { name: /^Testar conexão/ }).click();
  await expect(meta.getByText("Funciona: o provedor respondeu e reconheceu a conta.")).toBeVisible();

  await meta.getByRole("button", { name: /^Alterar dados/ }).click();
  const token = meta.getByLabel("Token de acesso");
  await expect(token).toHaveValue("");
  await expect(meta.getByText(/^Guardada .*termina em oken\./).first()).toBeVisible();
  await expectClean(page);
  await token.fill("EAAB-of-somebody-else");
  await meta.getByRole("button", { name: /^Salvar Meta/ }).click();
  await expect(token).toHaveCount(0);
  await meta.getByRole("button", { name: /^Testar conexão/ }).click();
  await expect(meta.getByText(/^A chave foi recusada/)).toBeVisible();
  await meta.getByRole("button", { name: /^Alterar dados/ }).click();
  await token.fill("EAAB-simulated-token");
  await meta.getByRole("button", { name: /^Salvar Meta/ }).click();
  await expect(token).toHaveCount(0);
  await meta.getByRole("button", { name: /^Testar conexão/ }).click();
  await expect(meta.getByText("Resposta do provedor: +551130000000")).toBeVisible();
});

test("a webhook's key is shown once, and the address before it says until when it holds", async ({ windowOf }) => {
  const page = await windowOf("admin@outra.test", { at: `${settings}/integracoes` });
  const gupshup = page.getByRole("region", { name: "Gupshup", exact: true });
  await expect(gupshup).toBeVisible();
  if (await gupshup.getByRole("button", { name: "Conectar Gupshup" }).isVisible()) {
    await gupshup.getByRole("button", { name: "Conectar Gupshup" }).click();
    await expect(gupshup.getByText("Preencha este campo")).toHaveCount(3);
    await gupshup.getByLabel("Nome do app").fill("OutraAssessoria");
    await gupshup.getByLabel("Número de envio").fill("551140000009");
    await gupshup.getByLabel("Chave da API (apikey)").fill("a-key-of-this-test");
    await gupshup.getByRole("button", { name: "Conectar Gupshup" }).click();
  }
  const webhook = page.getByRole("region", { name: "Webhook: Gupshup" });
  await webhook.getByRole("button", { name: /^Gerar outra chave/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Gerar chave" }).click();
  await expect(webhook.getByText("Copie agora: a chave não aparece de novo.")).toBeVisible();
  await expect(webhook.getByText(/gupshup-webhook\?key=[0-9a-f]{48}$/)).toBeVisible();
  await expect(webhook.getByText(/^O endereço anterior ainda vale até/)).toBeVisible();
  await page.reload();
  await expect(webhook.getByText(/gupshup-webhook\?key=••••/)).toBeVisible();
  await expect(webhook.getByText(/key=[0-9a-f]{48}$/)).toHaveCount(0);
  await expectClean(page);
});

test("templates are taken over, bound, and read as a client would", async ({ windowOf, ownClient }) => {
  const page = await windowOf("admin@demo.test", { at: `${settings}/whatsapp` });
  await page.getByRole("button", { name: "Sincronizar modelos" }).click();
  await expect(page.getByText(/^Meta: \d+ modelos conferidos/)).toBeVisible();
  await page.getByLabel("Buscar modelo").fill("aviso_de_vencimento");
  const card = page.getByRole("listitem", { name: "aviso_de_vencimento" });
  await card.getByRole("button", { name: /^Preencher e ver/ }).click();
  await card.getByLabel("Variável 1", { exact: true }).selectOption("client.first_name");
  await card.getByLabel("Variável 2", { exact: true }).selectOption("creditor.name");
  await card.getByLabel("Variável 3", { exact: true }).selectOption("client.open_total");
  await card.getByRole("button", { name: "Salvar campos" }).click();
  await expect(card.getByText("pronto para enviar")).toBeVisible();
  await card.getByLabel("Ver como um cliente leria").fill(ownClient.code);
  await card.getByRole("list", { name: "Clientes encontrados" }).getByRole("button").first().click();
  await expect(card.getByText(new RegExp(`Há um valor em aberto com ${ownClient.creditor}`))).toBeVisible();
  await expectClean(page);

  await page.getByLabel("Buscar modelo").fill("fatura_em_anexo");
  const file = page.getByRole("listitem", { name: "fatura_em_anexo" });
  await file.getByRole("button", { name: /^Preencher e ver/ }).click();
  const link = file.getByLabel(/^Link do arquivo do cabeçalho/);
  if ((await link.inputValue()) === "") await expect(file.getByText("falta o arquivo do cabeçalho")).toBeVisible();
  await file.getByLabel("Variável 1", { exact: true }).selectOption("client.first_name");
  await link.fill("https://exemplo.test/fatura.pdf");
  await file.getByRole("button", { name: "Salvar campos" }).click();
  await expect(file.getByText("pronto para enviar")).toBeVisible();
});

test("with the keyboard alone a ready answer is written, corrected and taken away", async ({ windowOf }) => {
  const page = await windowOf("admin@demo.test", { at: `${settings}/whatsapp` });
  const shortcut = `oi-${Date.now()}`;
  await page.getByRole("button", { name: "Nova resposta" }).press("Enter");
  await page.getByLabel("Atalho").focus();
  await page.keyboard.type(shortcut);
  await page.keyboard.press("Tab");
  await page.keyboard.type("Olá, ");
  await page.getByRole("button", { name: "primeiro nome" }).press("Enter");
  await expect(page.getByLabel("Texto", { exact: true })).toHaveValue("Olá, {{client.first_name}}");
  await page.getByRole("button", { name: "Salvar resposta" }).press("Enter");
  const row = page.getByRole("list", { name: "Respostas prontas" }).getByRole("listitem").filter({ hasText: shortcut });
  await expect(row).toContainText("Olá, {{client.first_name}}");
  await row.getByRole("button", { name: /^Alterar/ }).press("Enter");
  await page.getByLabel("Texto", { exact: true }).fill("Oi, {{client.apelido}}");
  await expect(page.getByText(/^Campo que não existe/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Salvar resposta" })).toBeDisabled();
  await page.getByRole("button", { name: "Voltar" }).press("Enter");
  page.on("dialog", (question) => void question.accept());
  await row.getByRole("button", { name: /^Apagar/ }).press("Enter");
  await expect(row).toHaveCount(0);
});

test("a number is paused with its reason, and goes on", async ({ windowOf }) => {
  const page = await windowOf("admin@demo.test", { at: `${settings}/whatsapp` });
  const row = page.getByRole("list", { name: "Números de envio" }).getByRole("listitem").filter({ hasText: "Meta" });
  await row.getByRole("button", { name: /^Pausar/ }).click();
  await expect(row.getByText("pausado por uma pessoa")).toBeVisible();
  await row.getByRole("button", { name: /^Retomar/ }).click();
  await expect(row.getByText("ativo", { exact: true })).toBeVisible();
});

test("a price has its day, and a big send its limit", async ({ windowOf }) => {
  const page = await windowOf("admin@outra.test", { at: `${settings}/whatsapp` });
  const prices = page.getByRole("form", { name: "Novo preço" });
  await prices.getByLabel("Preço por mensagem, R$").fill("0,0");
  await prices.getByLabel("Vale desde").fill(`2031-01-${String((Date.now() % 28) + 1).padStart(2, "0")}`);
  await prices.getByLabel("Preço por mensagem, R$").fill("0,035");
  await prices.getByRole("button", { name: "Acrescentar preço" }).click();
  await expect(prices.getByText("Preço acrescentado.").or(prices.getByRole("alert"))).toBeVisible();
  await page.getByRole("button", { name: "Ver o histórico" }).click();
  await expect(
    page
      .getByRole("region", { name: "Tabela de preços" })
      .getByText(/0,0350/)
      .first(),
  ).toBeVisible();
  await page.getByLabel("Segunda pessoa acima de, destinatários").fill("120");
  await page.getByRole("button", { name: "Salvar limite" }).click();
  await expect(page.getByText("Acima de 120, pede confirmação.")).toBeVisible();
  await expectClean(page);
});

test("the agency closes a day and caps attempts, within what the law shows", async ({ windowOf }) => {
  const page = await windowOf("admin@outra.test", { at: `${settings}/contato` });
  await expect(page.getByRole("row", { name: /^RJ .*9h às 19h/ })).toBeVisible();
  const hours = page.getByRole("region", { name: "Horário da assessoria" });
  await hours.getByLabel("segunda", { exact: true }).check();
  await hours.getByLabel("segunda: das").fill("10:00");
  await hours.getByLabel("segunda: até").fill("09:00");
  await expect(hours.getByRole("button", { name: "Salvar horário" })).toBeDisabled();
  await hours.getByLabel("segunda: até").fill("16:00");
  await hours.getByRole("button", { name: "Salvar horário" }).click();
  await expect(hours.getByText(/nos dias sem marca ninguém é contatado/)).toBeVisible();
  await page.reload();
  await expect(hours.getByLabel("segunda: das")).toHaveValue("10:00");
  await hours.getByLabel("segunda", { exact: true }).uncheck();
  await hours.getByRole("button", { name: "Salvar horário" }).click();
  await expect(hours.getByText(/vale o horário da lei, inteiro/)).toBeVisible();

  const caps = page.getByRole("region", { name: "Limite de tentativas por pessoa" });
  const known = caps.getByRole("button", { name: "Tirar Ligações em 7 dias" });
  // A limit, or that there is none: what is there before the answer says nothing.
  await expect(caps.getByRole("listitem").first()).toBeVisible();
  if (await known.isVisible()) await known.click();
  await expect(known).toHaveCount(0);
  await caps.getByLabel("Canal").selectOption("call");
  await caps.getByLabel("Período").selectOption("7");
  await caps
    .getByRole("form", { name: "Novo limite" })
    .getByLabel(/^Tentativas/)
    .fill("4");
  await caps.getByRole("button", { name: "Acrescentar limite" }).click();
  await expect(caps.getByText("até 4 tentativas")).toBeVisible();
  await expectClean(page);
  await known.click();
  await expect(known).toHaveCount(0);
});

test("on a phone every room of the settings fits, in the dark too", { tag: "@proof" }, async ({ windowOf }) => {
  const page = await windowOf("admin@demo.test", { viewport: { width: 390, height: 844 }, colorScheme: "dark" });
  for (const room of ["integracoes", "whatsapp", "contato"]) {
    await page.goto(`${settings}/${room}`);
    await expect(page.getByRole("heading", { name: "Configurações" })).toBeVisible();
    await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(wider, room).toBeLessThanOrEqual(0);
    await expectClean(page);
  }
});

for (const person of ["supervisor@demo.test", "operador@demo.test"] as const)
  test(`${person} finds no form in these rooms`, { tag: "@proof" }, async ({ windowOf }) => {
    const page = await windowOf(person);
    for (const room of ["integracoes", "whatsapp", "contato"]) {
      await page.goto(`${settings}/${room}`);
      await expect(page.getByText("Só administradores mudam as configurações")).toBeVisible();
      await expect(page.getByRole("textbox")).toHaveCount(0);
    }
  });
