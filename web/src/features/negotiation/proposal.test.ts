import { describe, expect, it } from "vitest";
import { centsOf, firstProposal, inputOf, percentOf } from "./proposal";

const proposal = firstProposal({
  creditor: { id: "c1", name: "Loja" },
  debt_ids: ["d1"],
  limits: null,
  templates: [],
  best: null,
});

describe("money as typed", () => {
  it.each([
    ["1.234,56", 123_456],
    ["1234,5", 123_450],
    ["80", 8_000],
    ["0,07", 7],
  ])("%s is %i cents", (text, cents) => {
    expect(centsOf(text)).toBe(cents);
  });

  it.each(["", "12,345", "1.23", "-5", "1,2,3", "R$ 5"])("%j is no amount", (text) => {
    expect(centsOf(text)).toBeNull();
  });

  it.each(["100,1", "101", "-1", "1.5", "x"])("%j is no percentage", (text) => {
    expect(percentOf(text)).toBeNull();
  });
});

describe("a proposal being typed", () => {
  it("asks with what was set and nothing else", () => {
    const typed = { ...proposal, discounts: { ...proposal.discounts, interest: "40" }, installments: "6" };
    expect(inputOf("k1", typed)).toEqual({
      client_id: "k1",
      debt_ids: ["d1"],
      discounts: { interest: 40 },
      installments: 6,
      interval: "monthly",
      method: "boleto",
    });
  });

  it("asks nothing while a field is half typed", () => {
    expect(inputOf("k1", { ...proposal, installments: "" })).toBeNull();
    expect(inputOf("k1", { ...proposal, discounts: { ...proposal.discounts, fine: "12," } })).toBeNull();
    expect(inputOf("k1", { ...proposal, down_payments: [{ key: "a", amount: "", due_on: "" }] })).toBeNull();
    expect(inputOf("k1", { ...proposal, debt_ids: [] })).toBeNull();
  });
});
