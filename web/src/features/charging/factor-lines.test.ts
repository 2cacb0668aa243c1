import { describe, expect, it } from "vitest";
import { factorsOf } from "./factor-lines";

describe("a table of monthly factors", () => {
  it("reads both ways of writing a month and a decimal", () => {
    const text = 'mês;variação\n2026-03;0,56\n04/2026\t-0.12\n"05/2026","0,4"\n\n';
    expect(factorsOf(text)).toEqual({
      factors: { "2026-03": "0.56", "2026-04": "-0.12", "2026-05": "0.4" },
      unread: [],
    });
  });

  it("names the lines it cannot read instead of guessing", () => {
    expect(factorsOf("2026-13;0,5\n2026-03;abc\n2026-04;0,5").unread).toEqual([1, 2]);
  });
});
