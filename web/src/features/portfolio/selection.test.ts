import { describe, expect, it } from "vitest";
import { everybody, isChosen, isNobody, nobody, toggled, toSelection } from "./selection";

describe("a selection", () => {
  it("of some is these, and unchecking the last is nobody", () => {
    const one = toggled(nobody, "a");
    expect(isChosen(one, "a")).toBe(true);
    expect(isChosen(one, "b")).toBe(false);
    expect(toSelection(one, { uf: ["SP"] })).toEqual({ ids: ["a"] });
    expect(isNobody(toggled(one, "a"))).toBe(true);
  });
  it("of all is the filter, and unchecking one leaves only that one out", () => {
    const allButOne = toggled(everybody, "a");
    expect(isChosen(allButOne, "a")).toBe(false);
    expect(isChosen(allButOne, "never seen")).toBe(true);
    expect(toSelection(allButOne, { uf: ["SP"] })).toEqual({ filter: { uf: ["SP"] }, except: ["a"] });
    expect(toSelection(toggled(allButOne, "a"), {})).toEqual({ filter: {}, except: [] });
  });
  it("does not change the one it was made from", () => {
    toggled(nobody, "a");
    expect(isNobody(nobody)).toBe(true);
  });
});
