import { describe, expect, it } from "vitest";
import { csvOf } from "./results-file";
import type { ResultRow } from "./shapes";

const row: ResultRow = {
  place: 1,
  client_id: "c",
  name: "Ana",
  document: "00000000191",
  phone: "+5511987654321",
  outcome: "filtered",
  reason: "blacklist",
};

describe("the results' file", () => {
  it("says in words what became of each, with its header once", () => {
    expect(csvOf([row], true)).toBe(
      "nome;documento;telefone;resultado;motivo\r\n" +
        '"Ana";"00000000191";"5511987654321";"recusado pelo discador";"na lista de bloqueio do discador"\r\n',
    );
    expect(csvOf([row], false)).not.toContain("nome;");
  });

  it("holds no formula and keeps a quote a quote", () => {
    expect(csvOf([{ ...row, name: '=cmd|"x"' }], false)).toContain(`"'=cmd|""x"""`);
  });

  it("leaves the number empty where the whole client was left out", () => {
    expect(csvOf([{ ...row, phone: null, outcome: "excluded", reason: null }], false)).toContain(
      '"";"ficou de fora";""',
    );
  });
});
