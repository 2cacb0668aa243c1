import { describe, expect, it } from "vitest";
import type { Role } from "@/lib/session";
import { grantOf } from "./grants";
import type { RoleLimits } from "./queries";

function row(role: Role, principal: number): [Role, RoleLimits] {
  const none = { correction_percent: 0, fine_percent: 0, interest_percent: 0, collection_fee_percent: 0 };
  return [role, { role, max_installments: 12, principal_percent: principal, ...none }];
}

const limits = new Map([row("operator", 0), row("supervisor", 20), row("admin", 60)]);

describe("who may grant a discount", () => {
  it.each([
    ["operator", "", "good"],
    ["operator", "20", "warn"],
    ["operator", "60,01", "bad"],
    ["supervisor", "20", "good"],
    ["supervisor", "21", "warn"],
    ["admin", "61", "bad"],
  ] as const)("%s asking %j is %s", (role, text, tone) => {
    expect(grantOf(limits, role, "principal", text)?.tone).toBe(tone);
  });

  it("names who has to be asked", () => {
    expect(grantOf(limits, "operator", "principal", "40")?.words).toContain("administrador");
  });

  it("says nothing of half a number, or before the limits are known", () => {
    expect(grantOf(limits, "operator", "principal", "4,")).toBeNull();
    expect(grantOf(undefined, "operator", "principal", "4")).toBeNull();
  });
});
