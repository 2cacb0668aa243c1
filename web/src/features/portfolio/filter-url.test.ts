import { describe, expect, it } from "vitest";
import type { PortfolioFilter } from "./filter";
import { filterFromUrl, filterToUrl, sortFromUrl } from "./filter-url";

describe("the carteira's address", () => {
  it("holds the whole filter and the order", () => {
    const filter: PortfolioFilter = {
      q: "josé d'ávila",
      creditor_id: ["c1", "c2"],
      status: ["settled", "in_agreement"],
      aging: ["61-90", "1800+"],
      open_cents: { min: 50_000 },
      due_on: { from: "2026-01-01", to: "2026-02-01" },
      uf: ["SP", "MG"],
      last_contact: { never: true },
      last_disposition: ["voicemail"],
      has_whatsapp: ["true", "unknown"],
      has_phone: true,
      opted_out: false,
      agreement: ["none", "broken"],
      import_id: "i1",
      tag_id: ["t1"],
      assigned_to: ["me", "none"],
    };
    const params = filterToUrl(filter, "-last_contact_at");
    expect(filterFromUrl(params)).toEqual(filter);
    expect(sortFromUrl(params)).toBe("-last_contact_at");
  });
  it("is empty without a filter", () => {
    expect(filterToUrl({ q: "" }).toString()).toBe("");
  });
  it("keeps a space that is being typed, and does not ask for it", () => {
    expect(filterFromUrl(filterToUrl({ q: "ana " }))).toEqual({ q: "ana" });
  });
  it("never turns what it does not know into the whole carteira", () => {
    expect(filterFromUrl(new URLSearchParams("situacao=pago"))).toEqual({ status: ["pago"] });
    expect(filterFromUrl(new URLSearchParams("cidade=Recife"))).toEqual({ unknown_address: "cidade" });
    expect(filterFromUrl(new URLSearchParams("telefone=talvez"))).toEqual({ has_phone: "talvez" });
    expect(filterFromUrl(new URLSearchParams("valor-de=500,00"))).toEqual({ open_cents: { min: "500,00" } });
    expect(filterFromUrl(new URLSearchParams("valor-ate=1e999"))).toEqual({ open_cents: { max: "1e999" } });
    expect(filterFromUrl(new URLSearchParams("sem-contato=nao"))).toEqual({ last_contact: { never: "nao" } });
  });
});
