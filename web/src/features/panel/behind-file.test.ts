import { expect, test } from "vitest";
import { behindFile } from "./behind-file";
import type { BehindRow } from "./shapes";

const row: BehindRow = {
  source: "payments",
  source_id: "p1",
  day: "2026-11-22",
  at: "2026-11-22T03:00:00+00:00",
  amount: 123456,
  client: { id: "c1", name: '=SOMA("a")', document: "12345678909" },
  operator: null,
  creditor: "Loja; Filial",
};

test("a file holds one line a row, the money with a comma, and nothing a spreadsheet would run", () => {
  expect(behindFile([row], true, "cents")).toBe(
    '"dia";"instante";"o que";"cliente";"documento";"operador";"credor";"valor"\r\n' +
      '"22/11/2026";"2026-11-22T03:00:00+00:00";"Pagamento";"\'=SOMA(""a"")";"123.456.789-09";"";"Loja; Filial";"1234,56"\r\n',
  );
});

test("without money there is no column of it, and the second page has no heading", () => {
  expect(behindFile([row], false, null).split(";")).toHaveLength(8);
});
