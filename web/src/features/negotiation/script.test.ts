import { describe, expect, it } from "vitest";
import type { Simulation } from "./queries";
import { scriptOf } from "./script";

function part(kind: "down_payment" | "installment", amount_cents: number, due_on: string) {
  return { number: 1, kind, due_on, effective_due_on: due_on, amount_cents, method: "pix" as const };
}

function offer(schedule: ReturnType<typeof part>[], discount: number): Simulation {
  const totals = { before: { total_cents: 102_733 } };
  const known = { totals, discount_cents: discount, total_cents: 102_733 - discount, schedule };
  return { ...known, valid_until: "2026-11-25" } as unknown as Simulation;
}

const plain = (text: string): string => text.replaceAll("\u00a0", " ");

describe("the offer read aloud", () => {
  it("says what is owed, what it comes to and when", () => {
    const schedule = [
      part("installment", 17_016, "2026-11-25"),
      part("installment", 17_015, "2026-12-28"),
      part("installment", 17_015, "2027-01-25"),
    ];
    expect(plain(scriptOf(offer(schedule, 640)))).toBe(
      "O total devido hoje é de R$ 1.027,33. Com o desconto de R$ 6,40, fica em R$ 1.020,93. " +
        "São 3 parcelas, as primeiras de R$ 170,16 e as últimas de R$ 170,15, a primeira em 25/11/2026 e a última em 25/01/2027. " +
        "Esta proposta vale até 25/11/2026. Podemos fechar assim?",
    );
  });

  it("names no discount that there is not, and no installments beside a down payment alone", () => {
    const text = scriptOf(offer([part("down_payment", 102_733, "2026-11-25")], 0));
    expect(text).not.toContain("desconto");
    expect(text).not.toContain("parcelas");
  });
});
