import { expect, it } from "vitest";
import { filterPhrases } from "./filter-phrases";

it("says every part of a filter, in its own words", () => {
  const names = {
    creditors: [{ id: "c1", name: "Banco Aurora" }],
    tags: [{ id: "t1", name: "Prioridade" }],
    members: [],
    dispositions: [{ key: "voicemail", label: "Caixa Postal" }],
  };
  const filter = {
    creditor_id: ["c1", "gone"],
    aging: ["61-90"],
    open_cents: { min: 10_000 },
    due_on: { from: "2026-01-02", to: "2026-03-04" },
    last_contact: { never: true as const },
    last_disposition: ["voicemail"],
    has_whatsapp: ["true"],
    opted_out: false,
    agreement: ["none"],
    tag_id: ["t1"],
    assigned_to: ["none"],
  };
  expect(filterPhrases(filter, names)).toEqual([
    "credor Banco Aurora ou outro",
    "atraso de 61 a 90 dias",
    "em aberto a partir de R$\u00a0100,00",
    "vencimento mais antigo de 02/01/2026 a 04/03/2026",
    "nunca contatado",
    "última tabulação Caixa Postal",
    "com WhatsApp",
    "não pediu para parar",
    "sem acordo em andamento",
    "tag Prioridade",
    "responsável ninguém",
  ]);
});

it("says nothing of a filter that is everybody", () => {
  expect(filterPhrases({})).toEqual([]);
});
