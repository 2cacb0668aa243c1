import { expect, test } from "vitest";
import { filterFromUrl, filterToUrl, periodBefore, presets } from "./filter-url";

test("an address without days means this month until today", () => {
  expect(filterFromUrl(new URLSearchParams("operador=a1"), "2026-11-22")).toEqual({
    from: "2026-11-01",
    to: "2026-11-22",
    operator_id: "a1",
  });
});

test("a filter comes back from its own address", () => {
  const filter = { from: "2026-10-01", to: "2026-10-31", creditor_id: "c1" };
  expect(filterFromUrl(filterToUrl(filter), "2026-11-22")).toEqual(filter);
});

test("a week begins on Monday, and the month before is a whole one", () => {
  const found = Object.fromEntries(presets("2026-11-22").map(({ label, from, to }) => [label, [from, to]]));
  expect(found.Semana).toEqual(["2026-11-16", "2026-11-22"]);
  expect(found["Mês passado"]).toEqual(["2026-10-01", "2026-10-31"]);
  const [, , week] = presets("2026-11-23");
  expect(week?.from).toBe("2026-11-23");
});

test("a period is compared with as many days just before it, for the same people", () => {
  expect(periodBefore({ from: "2026-03-01", to: "2026-03-07", team_id: "t1" })).toEqual({
    from: "2026-02-22",
    to: "2026-02-28",
    team_id: "t1",
  });
});
