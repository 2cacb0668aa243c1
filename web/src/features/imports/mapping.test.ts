import { describe, expect, it } from "vitest";
import { leavesCreditorColumn, openQuestions, saidMapping } from "./mapping";
import type { Preview } from "./shapes";

const guess = { CPF: "document", Valor: "principal", Celular: "phone", Banco: "creditor" };

function preview(asked: string[], mapping: Record<string, string> = guess): Preview {
  return {
    sheet: null,
    sheets: [],
    columns: Object.entries(mapping).map(([title, field]) => ({ title, field, samples: [] })),
    rows: [],
    mapping,
    source: "guess",
    questions: asked.map((field) => ({ field, candidates: [] })),
    new_creditors: [],
  };
}

describe("the mapping that is sent", () => {
  it("is empty when nobody touched it", () => expect(saidMapping(guess, {})).toEqual({}));
  it("gives a field to one column only: the guess yields to the person", () => {
    const { Valor: _guessed, ...rest } = guess;
    expect(saidMapping(guess, { Saldo: "principal" })).toEqual({ ...rest, Saldo: "principal" });
  });
  it("leaves phones, documents and unknown columns as many as the file has", () => {
    const said = { "Fone 2": "phone", "CPF do avalista": "document", Loja: "extra", Lixo: "ignore" };
    expect(saidMapping({ ...guess, Cor: "extra" }, said)).toEqual({ ...guess, Cor: "extra", ...said });
  });
  it("hides no contradiction of the person's own", () => {
    const said = { Valor: "principal", Saldo: "principal" };
    expect(saidMapping(guess, said)).toMatchObject(said);
  });
});

describe("the creditor of a file", () => {
  const { Banco: _none, ...without } = guess;
  it("is asked until it is chosen, named, or told by a column", () => {
    const asked = preview(["creditor"], without);
    expect(openQuestions(asked, { changed: {}, creditor: "" })).toEqual(["creditor"]);
    expect(openQuestions(asked, { changed: {}, creditor: "Banco Aurora" })).toEqual([]);
    expect(openQuestions(asked, { changed: { Loja: "creditor" }, creditor: "" })).toEqual([]);
  });
  it("is asked again when its column is said to be none", () => {
    const changed = { Banco: "ignore" };
    expect(leavesCreditorColumn(preview([]), changed)).toBe(true);
    expect(openQuestions(preview([]), { changed, creditor: "" })).toEqual(["creditor"]);
  });
  it("keeps its column while only other columns are changed", () =>
    expect(leavesCreditorColumn(preview([]), { Celular: "ignore" })).toBe(false));
});
