import { expect, test } from "vitest";
import { filterFromUrl, filterToUrl } from "./filter-url";

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
