import type { Database, Json } from "@/lib/database.types";
import { type ChargeMethod, type Component, components } from "@/lib/money-shapes";
import type { BestOffer, Interval, Offer, Template } from "./queries";

export type SimulationInput = Database["public"]["Functions"]["simulate_agreement"]["Args"];

export interface DownPayment {
  key: string;
  /** As typed, "1.234,56". */
  amount: string;
  due_on: string;
}

/** What is being typed for one proposal; texts stay texts until they are asked about. */
export interface Proposal {
  key: string;
  offer: string;
  debt_ids: string[];
  template_id: string | null;
  discounts: Record<Component, string>;
  installments: string;
  down_payments: DownPayment[];
  first_due_date: string;
  interval: Interval;
  method: ChargeMethod;
}

export interface Draft {
  proposals: Proposal[];
  chosen: number;
}

/** As many as fit side by side. */
export const maxProposals = 3;

const noDiscounts: Record<Component, string> = {
  principal: "",
  correction: "",
  fine: "",
  interest: "",
  collection_fee: "",
};

export function firstProposal(offer: Offer): Proposal {
  return {
    key: crypto.randomUUID(),
    offer: offer.creditor.id,
    debt_ids: offer.debt_ids,
    template_id: null,
    discounts: noDiscounts,
    installments: "1",
    down_payments: [],
    first_due_date: "",
    interval: "monthly",
    method: "boleto",
  };
}

export function withTemplate(proposal: Proposal, template: Template): Proposal {
  const texts = components.map((name) => [name, percentText(template[`${name}_percent`])] as const);
  return {
    ...proposal,
    template_id: template.id,
    discounts: Object.fromEntries(texts) as Record<Component, string>,
    installments: String(template.max_installments),
    interval: template.due_interval,
  };
}

export function withBest(proposal: Proposal, best: BestOffer): Proposal {
  const texts = components.map((name) => [name, percentText(best.discounts[name])] as const);
  return {
    ...proposal,
    template_id: best.template_id,
    discounts: Object.fromEntries(texts) as Record<Component, string>,
    installments: "1",
    down_payments: [],
  };
}

function percentText(value: number): string {
  return value === 0 ? "" : String(value).replace(".", ",");
}

/** "1.234,56", "1234,5", "1234" → cents; null for anything else. */
export function centsOf(text: string): number | null {
  const [, whole, fraction = ""] = /^(\d{1,3}(?:\.\d{3})+|\d{1,12})(?:,(\d{1,2}))?$/.exec(text.trim()) ?? [];
  if (whole === undefined) return null;
  return Number(`${whole.replaceAll(".", "")}${fraction.padEnd(2, "0")}`);
}

/** "40" or "12,5" → 40, 12.5; null for anything that is no percentage. */
export function percentOf(text: string): number | null {
  if (!/^\d{1,3}(,\d{1,4})?$/.test(text.trim())) return null;
  const value = Number(text.trim().replace(",", "."));
  return value <= 100 ? value : null;
}

/** What to ask the database, or null while something typed is no number yet. */
export function inputOf(clientId: string, proposal: Proposal): SimulationInput | null {
  const discounts: Record<string, number> = {};
  for (const name of components) {
    const text = proposal.discounts[name];
    if (text.trim() === "") continue;
    const value = percentOf(text);
    if (value === null) return null;
    discounts[name] = value;
  }
  const downPayments: Json[] = [];
  for (const { amount, due_on } of proposal.down_payments) {
    const cents = centsOf(amount);
    if (!cents) return null;
    downPayments.push({ amount_cents: cents, ...(due_on && { due_on }) });
  }
  if (!/^\d{1,3}$/.test(proposal.installments.trim()) || proposal.debt_ids.length === 0) return null;
  return {
    client_id: clientId,
    debt_ids: proposal.debt_ids,
    discounts,
    installments: Number(proposal.installments),
    interval: proposal.interval,
    method: proposal.method,
    ...(proposal.template_id && { template_id: proposal.template_id }),
    ...(proposal.first_due_date && { first_due_date: proposal.first_due_date }),
    ...(downPayments.length > 0 && { down_payments: downPayments }),
  };
}
