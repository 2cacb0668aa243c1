import { beforeAll, describe, expect, it } from "vitest";
import { setClock } from "@/lib/clock";
import { nextLawful, refusalOf, usualSlots } from "@/ui/callback-form/callback-slots";

// Saturday 21 November 2026, 13:10 in São Paulo (UTC-3): open 8–14 today, closed on Sunday, open again on Monday.
const now = new Date("2026-11-21T16:10:00Z");
const hours = [
  { date: "2026-11-21", from: "2026-11-21T11:00:00Z", to: "2026-11-21T17:00:00Z" },
  { date: "2026-11-23", from: "2026-11-23T11:00:00Z", to: "2026-11-23T23:00:00Z" },
];

beforeAll(() => setClock(now.toISOString(), "America/Sao_Paulo"));

describe("the chips of a callback", () => {
  it("offer half an hour from now while the window is open", () => {
    const [soon] = usualSlots(now, hours);
    expect(soon).toMatchObject({ label: "em 30 min", refusal: null });
    expect(soon?.at.toISOString()).toBe("2026-11-21T16:40:00.000Z");
  });

  it("refuse what lies outside the window, and say why", () => {
    const refused = usualSlots(now, hours).filter(({ refusal }) => refusal !== null);
    expect(refused.map(({ label, refusal }) => `${label}: ${refusal}`)).toEqual([
      "em 2 h: depois das 14:00 não se liga",
      "hoje 18:00: depois das 14:00 não se liga",
      "amanhã 09:00: não se liga aos domingos",
      "amanhã 14:00: não se liga aos domingos",
    ]);
  });

  it("offer the next opening when tomorrow is closed", () => {
    expect(usualSlots(now, hours).at(-1)).toMatchObject({ label: "segunda 08:00", refusal: null });
  });

  it("never accept the past, with or without known hours", () => {
    expect(refusalOf(new Date(now.getTime() - 1), now, undefined)).toBe("já passou");
  });

  it("leave a day beyond the known hours to the database", () => {
    expect(refusalOf(new Date("2026-12-20T15:00:00Z"), now, hours)).toBeNull();
  });

  it("name a closed weekday and an hour before the opening for what they are", () => {
    const tuesday = [...hours, { date: "2026-11-25", from: "2026-11-25T11:00:00Z", to: "2026-11-25T23:00:00Z" }];
    expect(refusalOf(new Date("2026-11-24T15:00:00Z"), now, tuesday)).toBe("feriado ou dia sem horário permitido");
    expect(refusalOf(new Date("2026-11-23T10:30:00Z"), now, tuesday)).toBe("antes das 08:00 não se liga");
  });

  it("lead from an unlawful moment to the next lawful one, never to the past", () => {
    expect(nextLawful(new Date("2026-11-22T12:00:00Z"), now, hours)?.toISOString()).toBe("2026-11-23T11:00:00.000Z");
    expect(nextLawful(new Date("2026-11-20T12:00:00Z"), now, hours)?.toISOString()).toBe("2026-11-21T16:15:00.000Z");
    expect(nextLawful(new Date("2026-12-20T12:00:00Z"), now, hours)).toBeNull();
  });
});
