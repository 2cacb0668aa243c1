import { describe, expect, it } from "vitest";
import { creditorChoices } from "./creditor-choices";

const all = [
  { id: "a", name: "Ativo", is_active: true },
  { id: "b", name: "Parado", is_active: false },
];

describe("creditorChoices", () => {
  it("offers no inactive creditor", () => {
    expect(creditorChoices(all)).toEqual([{ value: "a", label: "Ativo" }]);
    expect(creditorChoices(undefined)).toEqual([]);
  });
  it("shows an inactive one where it was chosen before, and says so", () => {
    expect(creditorChoices(all, ["b"])).toContainEqual({ value: "b", label: "Parado (inativo)" });
  });
});
