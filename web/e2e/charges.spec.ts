import { agree, chargeByPix } from "./agreed.ts";
import { payAtBank } from "./money.ts";
import { expect, test } from "./people.ts";

test("a Pix is registered, the debtor pays, and two screens show it without a reload", async ({
  windowOf,
  ownClient,
}) => {
  const page = await windowOf("operador@demo.test");
  await agree(page, ownClient, "3");
  const supervisor = await windowOf("supervisor@demo.test", { at: page.url() });
  await expect(supervisor.getByText("aguarda primeiro pagamento", { exact: true })).toBeVisible();

  const card = await chargeByPix(page);
  await expect(card.getByText(/^000201/)).toBeVisible();
  await expect(card.getByRole("img", { name: /QR code do Pix/ })).toBeVisible();
  await card.getByRole("button", { name: "Enviar por WhatsApp" }).click();
  await expect(card.getByText(/^Na fila do WhatsApp/)).toBeVisible();
  await expect(supervisor.getByText("cobrança emitida").first()).toBeVisible();

  await payAtBank(page.request, ownClient.document);
  for (const screen of [page, supervisor]) {
    await expect(screen.getByText(/^paga em/)).toBeVisible();
    await expect(screen.getByText("em dia", { exact: true })).toBeVisible();
    await expect(screen.getByRole("region", { name: "Pagamentos" }).getByText(/, Pix/)).toBeVisible();
  }
  await expect(page.getByRole("button", { name: "Estornar" })).toHaveCount(0);

  await supervisor.getByRole("button", { name: "Estornar" }).click();
  await expect(supervisor.getByRole("dialog").getByRole("button", { name: "Estornar" })).toBeDisabled();
  await supervisor.getByLabel("Motivo").fill("pago por engano");
  await supervisor.keyboard.press("Enter");
  await expect(page.getByText(/estornado em .*: pago por engano/)).toBeVisible();
});

test("no charge leaves before the payer's address is whole", { tag: "@proof" }, async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await agree(page, ownClient, "2");
  await page.getByRole("button", { name: "Emitir cobrança" }).first().click();
  const form = page.getByRole("form", { name: "Endereço do cliente" });
  await form.getByLabel("CEP").fill("123");
  await form.getByRole("button", { name: "Guardar e emitir" }).click();
  await expect(form.getByText("Oito dígitos")).toBeVisible();
  await expect(form.getByText("Falta preencher")).toHaveCount(5);
  await page.keyboard.press("Escape");
  await expect(form).toBeHidden();
  await expect(page.getByText(/cobrança (na fila|emitida)/)).toHaveCount(0);
});

test("a settlement by hand counts only after its second person", async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await agree(page, ownClient, "2");
  await page.getByRole("button", { name: "Mais ações da parcela 1" }).click();
  await expect(page.getByRole("menuitem", { name: "Cancelar a parcela" })).toHaveCount(0);
  await page.getByRole("menuitem", { name: /Dar baixa/ }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Valor recebido").fill("12,345");
  await dialog.getByLabel("Comprovante").fill("recibo 77");
  await expect(dialog.getByRole("button", { name: "Dar baixa" })).toBeDisabled();
  await dialog.getByLabel("Valor recebido").fill("150,00");
  await dialog.getByRole("button", { name: "Dar baixa" }).click();
  await expect(dialog.getByText(/Pedido enviado/)).toBeVisible();
  await dialog.getByRole("button", { name: "Fechar" }).last().click();
  await expect(page.getByText("baixa manual espera decisão")).toBeVisible();
  await page.goto("/acordos/pagamentos");
  const waiting = page.getByRole("listitem").filter({ hasText: ownClient.name });
  await expect(waiting.getByText("Comprovante: recibo 77")).toBeVisible();
  await expect(waiting.getByRole("button")).toHaveCount(0);

  const supervisor = await windowOf("supervisor@demo.test", { at: "/acordos/pagamentos" });
  const card = supervisor.getByRole("listitem").filter({ hasText: ownClient.name });
  await card.getByRole("button", { name: "Confirmar a baixa" }).click();
  await expect(card).toHaveCount(0);
  await expect(waiting).toHaveCount(0);
});

test("another agency sees neither the agreement nor its queue", { tag: "@proof" }, async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test");
  await agree(page, ownClient, "2");
  const stranger = await windowOf("admin@outra.test", { at: page.url() });
  await expect(stranger.getByText("Este acordo não existe")).toBeVisible();
  await stranger.goto(`/acordos?busca=${ownClient.document}`);
  await expect(stranger.getByText("Nenhum acordo aqui")).toBeVisible();
});
