import type { Locator, Page } from "@playwright/test";
import { expectClean } from "./axe.ts";
import { inventClients, newWord, type OwnClient } from "./own-clients.ts";
import { expect, test } from "./people.ts";

const header = ["CPF", "Nome", "Celular", "Contrato", "Vencimento", "Valor", "Credor"];

function csv(clients: OwnClient[], titles = 1, dueOn = "2026-01-10"): string {
  const lines = clients.flatMap((client) =>
    Array.from({ length: titles }, (_, title) =>
      [
        client.document,
        client.name,
        client.phone,
        `${client.contract}-${title}`,
        dueOn,
        "123,45",
        client.creditor,
      ].join(";"),
    ),
  );
  return [header.join(";"), ...lines].join("\n");
}

async function openDialog(page: Page): Promise<Locator> {
  await page.getByRole("button", { name: "Importar carteira" }).click();
  return page.getByRole("dialog", { name: "Importar carteira" });
}

async function choose(dialog: Locator, name: string, text: string | Buffer): Promise<void> {
  await dialog
    .locator('input[type="file"]')
    .setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.isBuffer(text) ? text : Buffer.from(text) });
  await expect(dialog.getByRole("region", { name: "Primeiras linhas do arquivo" })).toBeVisible();
}

test("an import is watched while it writes, and cancelled it leaves nothing", async ({ windowOf }) => {
  const page = await windowOf("admin@demo.test");
  // Eight titles each: enough for three chunks, so that it can be cancelled between two.
  const clients = inventClients(5000, `Credor ${newWord()}`);
  const dialog = await openDialog(page);
  await choose(dialog, "grande.csv", csv(clients, 8));
  await dialog.getByRole("button", { name: "Conferir arquivo" }).click();
  await expect(dialog.getByText("Se você confirmar")).toBeVisible();
  await dialog.getByRole("button", { name: "Confirmar importação" }).click();
  const progress = dialog.getByRole("region", { name: "Andamento da importação" });
  await expect(progress.getByText("Gravando na carteira…")).toBeVisible();
  await expect(
    progress.getByText(/40\.000 lidas · 40\.000 conferidas · [1-9][\d.]* gravadas .* por segundo/),
  ).toBeVisible();
  await progress.getByRole("button", { name: "Cancelar importação" }).click();
  await expect(dialog.getByRole("alert")).toHaveText("A importação foi cancelada. Nada dela ficou na carteira.");
  await page.keyboard.press("Escape");
  await page.getByLabel("Buscar na carteira").fill(clients[0]?.document ?? "");
  await expect(page.getByText("Ninguém corresponde a este filtro")).toBeVisible();
});

test("titles that did not come are counted first, then returned", async ({ windowOf, ownClients }) => {
  const clients = await ownClients(3);
  const page = await windowOf("admin@demo.test");
  const dialog = await openDialog(page);
  await dialog.getByLabel("Títulos que não vieram no arquivo").selectOption("return");
  await choose(
    dialog,
    "remessa.csv",
    csv([], 1) +
      clients
        .slice(0, 2)
        .map((client) => `\n${csv([client]).split("\n")[1]}`.replace("-0;", ";"))
        .join(""),
  );
  await dialog.getByRole("button", { name: "Conferir arquivo" }).click();
  await expect(
    dialog.getByText("1 título em aberto não veio no arquivo e será encerrado como devolvido."),
  ).toBeVisible();
  await dialog.getByRole("button", { name: "Confirmar importação" }).click();
  await expect(
    dialog.getByText("1 título em aberto não veio no arquivo e foi encerrado como devolvido."),
  ).toBeVisible();
});

test("refused lines are mended and sent again", async ({ windowOf }) => {
  const page = await windowOf("admin@demo.test");
  const clients = inventClients(2, `Credor ${newWord()}`);
  const [good, bad] = [csv(clients.slice(0, 1)), csv(clients.slice(1), 1, "31/02/2026")];
  let dialog = await openDialog(page);
  await choose(dialog, "junho.csv", `${good}\n${bad.split("\n")[1]}`);
  await dialog.getByRole("button", { name: "Conferir arquivo" }).click();
  await dialog.getByRole("button", { name: "Confirmar importação" }).click();
  await expect(dialog.getByText("1 linha: vencimento não é uma data")).toBeVisible();
  await expect(dialog.getByText("Importação concluída")).toBeVisible();
  const rejects = await asSpreadsheetText(page, "junho.csv");
  expect(rejects).toContain("31/02/2026");
  await dialog.getByRole("button", { name: "Ver a carteira" }).click();

  dialog = await openDialog(page);
  await choose(dialog, "recusados-junho.csv", rejects.replace("31/02/2026", "28/02/2026"));
  await dialog.getByRole("button", { name: "Conferir arquivo" }).click();
  await dialog.getByRole("button", { name: "Confirmar importação" }).click();
  await expect(dialog.getByText("Importação concluída")).toBeVisible();
  await dialog.getByRole("button", { name: "Ver a carteira" }).click();
  await page.getByLabel("Buscar na carteira").fill(clients[1]?.document ?? "");
  await expect(page.getByRole("row", { name: new RegExp(clients[1]?.name ?? "") })).toBeVisible();
});

test("a supervisor hears before sending that a creditor is unknown", { tag: "@proof" }, async ({ windowOf }) => {
  const page = await windowOf("supervisor@demo.test");
  const dialog = await openDialog(page);
  const creditor = `Credor ${newWord()}`;
  await choose(dialog, "nova.csv", csv(inventClients(1, creditor)));
  await expect(dialog.getByRole("alert")).toContainText(`1 credor do arquivo não está cadastrado: ${creditor}.`);
  await expect(dialog.getByRole("button", { name: "Conferir arquivo" })).toBeDisabled();
});

test("a large import is taken back under the eyes, and what a later file needs is listed", { tag: "@proof" }, async ({
  windowOf,
}) => {
  const page = await windowOf("admin@demo.test");
  page.on("dialog", (question) => void question.accept());
  // More than one chunk of people.
  const clients = inventClients(4200, `Credor ${newWord()}`);
  const name = `${newWord()}.csv`;
  for (const [file, text] of [
    [name, csv(clients)],
    ["depois.csv", csv(clients.slice(0, 1), 1, "2026-02-10")],
  ] as const) {
    const dialog = await openDialog(page);
    await choose(dialog, file, text);
    await dialog.getByRole("button", { name: "Conferir arquivo" }).click();
    await dialog.getByRole("button", { name: "Confirmar importação" }).click();
    await expect(dialog.getByText("Importação concluída")).toBeVisible();
    await dialog.getByRole("button", { name: "Ver a carteira" }).click();
  }
  const dialog = await openDialog(page);
  await dialog.getByRole("button", { name: `Desfazer ${name}` }).click();
  await expect(dialog.getByText(/ de 4\.200 clientes/)).toBeVisible();
  await expect(dialog.getByText("Importação desfeita: 4.199 clientes saíram, 4.199 títulos saíram.")).toBeVisible();
  const person = clients[0];
  await expect(dialog.getByText(`${person?.name}: uma importação posterior também mexeu`).first()).toBeVisible();
  await expectClean(page, { within: '[role="dialog"]' });
  await page.keyboard.press("Escape");
  await page.getByLabel("Buscar na carteira").fill(person?.document ?? "");
  await expect(page.getByRole("row", { name: new RegExp(person?.name ?? "") })).toBeVisible();
});

test("titles that closed here are told before the import, and those returned by absence open again", {
  tag: "@proof",
}, async ({ windowOf, ownClients }) => {
  const [first, second] = await ownClients(2);
  const page = await windowOf("admin@demo.test");
  const line = (client: OwnClient | undefined): string =>
    client ? `\n${csv([client]).split("\n")[1]}`.replace("-0;", ";") : "";
  const send = async (text: string, absent: "leave" | "return"): Promise<Locator> => {
    const dialog = await openDialog(page);
    await dialog.getByLabel("Títulos que não vieram no arquivo").selectOption(absent);
    await choose(dialog, "remessa.csv", text);
    await dialog.getByRole("button", { name: "Conferir arquivo" }).click();
    await expect(dialog.getByText("Se você confirmar")).toBeVisible();
    return dialog;
  };
  const confirm = async (dialog: Locator): Promise<void> => {
    await dialog.getByRole("button", { name: "Confirmar importação" }).press("Enter");
    await expect(dialog.getByText("Importação concluída")).toBeVisible();
    await dialog.getByRole("button", { name: "Ver a carteira" }).press("Enter");
  };
  await confirm(await send(csv([]) + line(first), "return"));
  const dialog = await send(csv([]) + line(first) + line(second), "leave");
  await expect(dialog.getByText(/^1 título devolvido volta a abrir/)).toBeVisible();
  await expect(dialog.getByRole("heading", { name: "Se você confirmar" }).locator("..")).toBeFocused();
  await confirm(dialog);
});

/** The rejects as CSV, by the same door as the button's XLSX. */
async function asSpreadsheetText(page: Page, fileName: string): Promise<string> {
  return page.evaluate(async (name) => {
    const session = JSON.parse(localStorage.getItem("cobranca.session") ?? "{}") as { access_token: string };
    const apikey = document.querySelector<HTMLMetaElement>('meta[name="supabase-publishable-key"]')?.content ?? "";
    const headers = { apikey, Authorization: `Bearer ${session.access_token}` };
    const known = await fetch(`/rest/v1/imports?file_name=eq.${name}&order=created_at.desc&limit=1&select=id`, {
      headers,
    });
    const [{ id }] = (await known.json()) as [{ id: string }];
    const file = await fetch(`/functions/v1/portfolio-rejects?import_id=${id}&format=csv`, { headers });
    return file.text();
  }, fileName);
}
