import { expect, test } from "vitest";
import { valueText } from "./words";

test("an instant is told in the agency's time, not as the database writes it", () => {
  expect(valueText("revoked_at", "2026-01-23T13:14:35.569+00:00")).toMatch(/^23\/01(\/2026)? \d{2}:\d{2}$/);
  expect(valueText("revoked_at", "2026-01-23T13:14:35Z")).not.toContain("T");
  expect(valueText("day", "2026-01-23")).toBe("23/01/2026");
  expect(valueText("name", "2026-01-23T da promoção")).toBe("2026-01-23T da promoção");
});
