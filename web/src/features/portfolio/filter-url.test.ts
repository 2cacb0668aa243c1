import { describe, expect, it } from "vitest";
import { filterFromUrl, filterToUrl } from "./filter-url";

describe("the carteira's address", () => {
  it("holds the whole filter", () => {
    const filter = { q: "josé d'ávila", creditor_id: "c1", status: "settled" as const };
    expect(filterFromUrl(filterToUrl(filter))).toEqual(filter);
  });
  it("is empty without a filter", () => {
    expect(filterToUrl({ q: "" }).toString()).toBe("");
  });
  it("keeps a space that is being typed, and does not ask for it", () => {
    expect(filterFromUrl(filterToUrl({ q: "ana " }))).toEqual({ q: "ana" });
  });
  it("does not pass an unknown status on to the query", () => {
    expect(filterFromUrl(new URLSearchParams("situacao=pago"))).toEqual({});
  });
});
