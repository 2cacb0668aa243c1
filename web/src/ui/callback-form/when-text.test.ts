import { describe, expect, it } from "vitest";
import { dateFromText, timeFromText } from "@/ui/callback-form/when-text";

const today = "2026-11-23";

describe("a typed day", () => {
  it.each([
    ["24/11", "2026-11-24"],
    ["2411", "2026-11-24"],
    ["24/11/26", "2026-11-24"],
    ["24.11.2026", "2026-11-24"],
    ["23/11", "2026-11-23"],
  ])("%s is day before month: %s", (text, date) => expect(dateFromText(text, today)).toBe(date));

  it("without a year is the next such day, never one gone by", () => {
    expect(dateFromText("05/01", today)).toBe("2027-01-05");
  });

  it.each(["31/11", "11/24", "00/10", "amanhã", ""])("%s is no day", (text) => {
    expect(dateFromText(text, today)).toBeNull();
  });
});

describe("a typed time", () => {
  it.each([
    ["18:30", "18:30"],
    ["18h30", "18:30"],
    ["1830", "18:30"],
    ["9h", "09:00"],
    ["9", "09:00"],
    ["915", "09:15"],
  ])("%s is %s", (text, time) => expect(timeFromText(text)).toBe(time));

  it.each(["25:00", "18:60", "6 da tarde", ""])("%s is no time", (text) => expect(timeFromText(text)).toBeNull());
});
