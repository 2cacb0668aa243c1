import { expect, it } from "vitest";
import type { Definition } from "./shapes";
import { differences, priceText, ruleSentence } from "./words";

const names = {
  creditors: [],
  tags: [],
  members: [],
  dispositions: [{ key: "voicemail", label: "Caixa Postal" }],
  templates: [{ id: "t", name: "Lembrete", body: "", variables: [], status: "approved" as const }],
};

const rule: Definition = {
  name: "Caixa postal",
  trigger: "disposition",
  disposition_type: "voicemail",
  disposition_meaning: null,
  day_offset: null,
  event: null,
  filter: { aging: ["61-90"] },
  opens: "09:00:00",
  closes: "18:00:00",
  daily_cap: 200,
  repeat_days: 7,
  priority: 100,
  steps: [
    { action: "send_template", template_id: "t", wait_minutes: 0, goes_on: true },
    { action: "send_to_dialer", wait_minutes: 240, goes_on: true, max_attempts: 3 },
  ],
};

it("tells a rule as one would to a colleague", () => {
  expect(ruleSentence(rule, names, 10)).toBe(
    "Depois de Caixa Postal (clientes: atraso de 61 a 90 dias): em 10 s envia “Lembrete” por WhatsApp; " +
      "depois de mais 4 h manda de novo para o discador, no máximo 3 vezes em 7 dias. " +
      "Só das 09:00 às 18:00, no máximo 200 por dia, uma vez por cliente a cada 7 dias.",
  );
});

it("says which side of the due date, and by which ruler", () => {
  const before = { ...rule, trigger: "installment_due" as const, day_offset: -3, filter: {}, steps: [] };
  expect(ruleSentence(before, names, 10)).toMatch(/^3 dias antes do vencimento da parcela do acordo, nada ainda\./);
  expect(ruleSentence({ ...before, trigger: "debt_due", day_offset: 0 }, names, 10)).toMatch(
    /^No dia do vencimento do título mais antigo, sem acordo/,
  );
});

it("names only what two versions differ in", () => {
  expect(differences(rule, { ...rule, daily_cap: null, priority: 50 }, names)).toEqual([
    { field: "Limite por dia", from: "200", to: "sem limite" },
    { field: "Prioridade", from: "100", to: "50" },
  ]);
  expect(differences(rule, { ...rule }, names)).toEqual([]);
});

it("shows money as small as a message costs", () => {
  expect(priceText(62_500, "BRL")).toBe("R$\u00a00,0625");
  expect(priceText(12_000_000, "BRL")).toBe("R$\u00a012,00");
});
