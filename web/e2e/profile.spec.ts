import { expect, openService, test, timeline } from "./people.ts";

test("a client's own code is changed, shown and found", async ({ windowOf, ownClient }) => {
  const page = await windowOf("supervisor@demo.test", { at: `/carteira/${ownClient.document}` });
  await page.getByRole("button", { name: "Editar cadastro" }).click();
  const dialog = page.getByRole("dialog", { name: "Editar cadastro" });
  await dialog.getByLabel("Código externo").fill(`CASA-${ownClient.code}`);
  await dialog.getByRole("button", { name: "Salvar" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText(`CASA-${ownClient.code}`)).toBeVisible();
  await page.goto(`/carteira?busca=CASA-${ownClient.code}`);
  await expect(page.getByRole("row")).toHaveCount(2);
});

test("an e-mail that is none is refused and nothing is changed", { tag: "@proof" }, async ({ windowOf, ownClient }) => {
  const page = await windowOf("supervisor@demo.test", { at: `/carteira/${ownClient.document}` });
  await page.getByRole("button", { name: "Editar cadastro" }).click();
  const dialog = page.getByRole("dialog", { name: "Editar cadastro" });
  await dialog.getByLabel("E-mail").fill("sem arroba");
  await dialog.getByRole("button", { name: "Salvar" }).click();
  await expect(dialog.getByRole("alert")).toContainText("valor que não vale");
});

test("an operator edits and assigns nothing in a profile", { tag: "@proof" }, async ({ windowOf, ownClient }) => {
  const page = await windowOf("operador@demo.test", { at: `/carteira/${ownClient.document}` });
  await expect(page.getByRole("region", { name: "Telefones" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Editar cadastro" })).toHaveCount(0);
  await expect(page.getByLabel("Responsável", { exact: true })).toHaveCount(0);
});

test("addresses and extra data are mended, and an admin reads who changed what", async ({ windowOf, ownClient }) => {
  const page = await windowOf("supervisor@demo.test", { at: `/carteira/${ownClient.document}` });
  await page.getByRole("button", { name: "Novo endereço" }).click();
  const address = page.getByRole("dialog", { name: "Novo endereço" });
  const text = { CEP: "01310-100", Número: "900", Logradouro: "Avenida Fictícia", Bairro: "Centro", Cidade: "Modelo" };
  for (const [label, value] of Object.entries(text)) await address.getByLabel(label).fill(value);
  await address.getByLabel("UF").selectOption("SP");
  await address.getByRole("button", { name: "Salvar endereço" }).click();
  await expect(address).toBeHidden();
  const panel = page.getByRole("region", { name: "Endereços" });
  await panel.getByRole("button", { name: /^Editar.*Avenida Fictícia, 900/ }).click();
  const again = page.getByRole("dialog", { name: "Editar endereço" });
  await again.getByLabel("Número").fill("901");
  await again.getByRole("button", { name: "Salvar endereço" }).click();
  await expect(panel.getByText(/^Avenida Fictícia, 901 · Centro · Modelo\/SP · CEP 01310-100$/)).toBeVisible();

  await page.getByRole("button", { name: "Editar dados extras" }).click();
  const extra = page.getByRole("dialog", { name: "Dados extras" });
  await extra.getByLabel("Novo campo").fill("Matrícula");
  await extra.getByLabel("Valor").fill("M-77");
  await extra.getByRole("button", { name: "Salvar" }).click();
  await expect(page.getByRole("region", { name: "Dados extras" }).getByText("M-77")).toBeVisible();
  await expect(page.getByRole("button", { name: "Histórico de edições" })).toHaveCount(0);

  const admin = await windowOf("admin@demo.test", { at: `/carteira/${ownClient.document}` });
  await admin.getByRole("button", { name: "Histórico de edições" }).click();
  const edits = admin.getByRole("list", { name: "Edições" });
  const mended = edits.getByRole("listitem").filter({ hasText: "Endereço mudado" }).first();
  await expect(mended).toContainText("Sônia Supervisora");
  await expect(mended).toContainText("Número: 900 → 901");
  await expect(edits.getByText(/Matrícula: vazio → M-77/)).toBeVisible();
});

test("an agreement stands in the profile, on its timeline and in the filter", async ({ windowOf, ownClients }) => {
  const [client, other] = await ownClients(2);
  if (!client || !other) throw new Error("two were asked for");
  const page = await windowOf("operador@demo.test");
  await openService(page, client);
  await page.keyboard.press("Alt+s");
  const offer = page.getByRole("region", { name: "Negociação" });
  await offer.getByLabel("Principal").fill("5");
  await offer.getByRole("button", { name: "Pedir aprovação" }).click();
  await expect(offer.getByText("Enviado para aprovação")).toBeVisible();

  await page.goto(`/carteira/${client.document}`);
  const agreements = page.getByRole("region", { name: "Acordos" });
  await expect(agreements.getByText("aguarda aprovação")).toBeVisible();
  await expect(timeline(page).getByText(/^Acordo de R\$.*: aguarda aprovação$/)).toBeVisible();
  await agreements.getByRole("link", { name: client.creditor }).click();
  await expect(page).toHaveURL(/\/acordos\//);

  const supervisor = await windowOf("supervisor@demo.test", { at: `/carteira?busca=${client.code.slice(0, 4)}` });
  await supervisor.getByRole("button", { name: "Filtros", exact: true }).click();
  const facet = supervisor.getByRole("group", { name: "Acordo" });
  await expect(facet.locator("label", { hasText: "Nenhum em andamento" })).toHaveText("Nenhum em andamento1");
  await facet.locator("label", { hasText: "Aguarda aprovação" }).getByRole("checkbox").check();
  await expect(supervisor).toHaveURL(/acordo=aguarda-aprovacao/);
  await expect(supervisor.getByRole("row")).toHaveCount(2);
  await expect(supervisor.getByRole("link", { name: client.name, exact: true })).toBeVisible();
  await supervisor.getByLabel("Escolher todos os que correspondem").check();
  await supervisor.getByRole("toolbar").getByRole("button", { name: "Discador" }).click();
  await expect(supervisor.getByRole("dialog").getByText(/com acordo em andamento/)).toBeVisible();
});

test("two people who mend different fields of one client do not undo each other", { tag: "@proof" }, async ({
  windowOf,
  ownClient,
}) => {
  const page = await windowOf("supervisor@demo.test", { at: `/carteira/${ownClient.document}` });
  await page.getByRole("button", { name: "Editar cadastro" }).click();
  const dialog = page.getByRole("dialog", { name: "Editar cadastro" });
  await dialog.getByLabel("Nome").fill(`${ownClient.name} Lima`);

  const admin = await windowOf("admin@demo.test", { at: `/carteira/${ownClient.document}` });
  await admin.getByRole("button", { name: "Editar cadastro" }).click();
  const other = admin.getByRole("dialog", { name: "Editar cadastro" });
  await other.getByLabel("E-mail").fill("novo@example.com");
  await other.getByRole("button", { name: "Salvar" }).click();
  await expect(admin.getByText("novo@example.com")).toBeVisible();

  await dialog.getByRole("button", { name: "Salvar" }).click();
  await expect(page.getByRole("heading", { name: `${ownClient.name} Lima` })).toBeVisible();
  await expect(page.getByText("novo@example.com")).toBeVisible();
});

test("arrows in the list of colleagues assign nobody, the button does", { tag: "@proof" }, async ({
  windowOf,
  ownClient,
}) => {
  const page = await windowOf("supervisor@demo.test");
  const changed: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/rpc/bulk_assign")) changed.push(request.postData() ?? "");
  });
  await page.goto(`/carteira/${ownClient.document}`);
  const care = page.getByRole("region", { name: "Responsável e tags" });
  const owner = care.getByLabel("Responsável", { exact: true });
  await expect(owner.getByRole("option", { name: "Otávio Operador" })).toBeAttached();
  await owner.focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await expect(owner).not.toHaveValue("");
  expect(changed).toEqual([]);
  await expect(owner).toBeFocused();
  await owner.selectOption({ label: "Otávio Operador" });
  await care.getByRole("button", { name: "Atribuir" }).press("Enter");
  await expect.poll(() => changed.length).toBe(1);
  await page.reload();
  await expect(owner.locator("option:checked")).toHaveText("Otávio Operador");
});

test("from another page the way to the carteira leads to the carteira", { tag: "@proof" }, async ({
  windowOf,
  ownClient,
}) => {
  const page = await windowOf("supervisor@demo.test", { at: "/agenda" });
  await expect(page.getByRole("heading", { name: "Agenda" })).toBeVisible();
  await page.goto(`/carteira/${ownClient.document}`);
  await page.getByRole("link", { name: "Carteira" }).last().click();
  await expect(page).toHaveURL(/\/carteira$/);
});

test("a value without a name is not dropped as if it were saved", { tag: "@proof" }, async ({
  windowOf,
  ownClient,
}) => {
  const page = await windowOf("supervisor@demo.test", { at: `/carteira/${ownClient.document}` });
  await page.getByRole("button", { name: "Editar dados extras" }).click();
  const extra = page.getByRole("dialog", { name: "Dados extras" });
  await extra.getByLabel("Valor").fill("M-77");
  await extra.getByRole("button", { name: "Salvar" }).click();
  await expect(extra.getByLabel("Novo campo")).toBeFocused();
});
