import { describe, expect, it } from "vitest";
import { centsOf, percentOf } from "@/lib/typed";
import { firstProposal, inputOf } from "./proposal";

const proposal = firstProposal({
  creditor: { id: "c1", name: "Loja" },
  debt_ids: ["d1"],
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

  it("a wished total rules out the percentages", () => {
    const wished = { ...proposal, target: "900,00", discounts: { ...proposal.discounts, interest: "40" } };
    expect(inputOf("k1", wished)?.discounts).toEqual({ target_total_cents: 90_000 });
    expect(inputOf("k1", { ...wished, target: "900,0x" })).toBeNull();
  });

  it("a down payment keeps its own day and method", () => {
    const down = { key: "a", amount: "80", due_on: "2026-12-01", method: "pix" as const };
    expect(inputOf("k1", { ...proposal, down_payments: [down] })?.down_payments).toEqual([
      { amount_cents: 8_000, due_on: "2026-12-01", method: "pix" },
    ]);
  });

  it("a due day counts for monthly installments only", () => {
    expect(inputOf("k1", { ...proposal, due_day: "10" })?.due_day).toBe(10);
    expect(inputOf("k1", { ...proposal, due_day: "10", interval: "weekly" })).not.toHaveProperty("due_day");
  });

  it("names the agreement it replaces", () => {
    expect(inputOf("k1", proposal, "a1")?.replaces_agreement_id).toBe("a1");
  });
});
