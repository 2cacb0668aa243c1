import { describe, expect, it } from "vitest";
import { filterFromUrl, filterToUrl } from "./filter-url";

describe("the address of a list of agreements", () => {
  it("brings every filter back", () => {
    const filter = {
      q: "maria",
      status: "overdue",
      creditor_id: "c",
      template_id: "t",
      due_from: "2026-01-01",
      due_to: "2026-01-31",
      created_from: "2026-02-01",
      created_to: "2026-02-28",
      created_by: "me",
    };
    expect(filterFromUrl(filterToUrl(filter))).toEqual(filter);
  });

  it("leaves nothing out that it does not understand: the server refuses it", () => {
    expect(filterFromUrl(new URLSearchParams("situacao=quitadinho&vence-de=ontem&meus=talvez"))).toEqual({
      status: "quitadinho",
      due_from: "ontem",
      created_by: "talvez",
    });
  });
});
