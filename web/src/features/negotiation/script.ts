import { day, money } from "@/lib/format";
import type { ScheduledPart } from "@/lib/money-shapes";
import type { Simulation } from "./queries";

/** The offer in sentences, to read to the debtor on the phone: what is owed, what it comes to, when and how much. */
export function scriptOf(simulation: Simulation): string {
  const { totals, discount_cents, total_cents, schedule, valid_until } = simulation;
  const downs = schedule.filter(({ kind }) => kind === "down_payment");
  const parts = schedule.filter(({ kind }) => kind === "installment");
  const said = [
    `O total devido hoje é de ${money(totals.before.total_cents)}.`,
    discount_cents > 0
      ? `Com o desconto de ${money(discount_cents)}, fica em ${money(total_cents)}.`
      : `O acordo fica em ${money(total_cents)}.`,
  ];
  for (const [index, down] of downs.entries())
    said.push(
      `${index === 0 ? "A entrada é" : "Outra entrada,"} de ${money(down.amount_cents)}, com vencimento em ${day(down.due_on)}.`,
    );
  said.push(...installmentsText(parts, downs.length > 0));
  said.push(`Esta proposta vale até ${day(valid_until)}. Podemos fechar assim?`);
  return said.join(" ");
}

function installmentsText(parts: ScheduledPart[], afterDown: boolean): string[] {
  const [first] = parts;
  const last = parts.at(-1);
  if (!first || !last) return [];
  if (parts.length === 1)
    return [
      `${afterDown ? "O restante" : "O pagamento"} é de ${money(first.amount_cents)}, com vencimento em ${day(first.due_on)}.`,
    ];
  const amounts = new Set(parts.map(({ amount_cents }) => amount_cents));
  const lead = `${afterDown ? "O restante em" : "São"} ${parts.length} parcelas`;
  const until = `a primeira em ${day(first.due_on)} e a última em ${day(last.due_on)}.`;
  if (amounts.size === 1) return [`${lead} de ${money(first.amount_cents)}, ${until}`];
  // The cents that do not divide are on the first ones.
  return [
    `${lead}, as primeiras de ${money(first.amount_cents)} e as últimas de ${money(last.amount_cents)}, ${until}`,
  ];
}
