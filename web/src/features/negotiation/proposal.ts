import type { Database, Json } from "@/lib/database.types";
import { type ChargeMethod, type Component, components } from "@/lib/money-shapes";
import { centsOf, decimalText, percentOf } from "@/lib/typed";
import type { BestOffer, Interval, Offer, Template } from "./queries";

export type SimulationInput = Database["public"]["Functions"]["simulate_agreement"]["Args"];

export interface DownPayment {
  key: string;
  /** As typed, "1.234,56". */
  amount: string;
  due_on: string;
  /** "" takes the proposal's own. */
  method?: ChargeMethod | "";
}

/** What is being typed for one proposal; texts stay texts until they are asked about. */
export interface Proposal {
  key: string;
  offer: string;
  debt_ids: string[];
  template_id: string | null;
  discounts: Record<Component, string>;
  /** "900,00": what the whole offer should come to; the database spreads the discount and the fields above rest. */
  target?: string;
  installments: string;
  down_payments: DownPayment[];
  first_due_date: string;
  /** Of the month; "" follows the first due date. */
  due_day?: string;
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
    target: "",
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
    target: "",
    installments: "1",
    down_payments: [],
  };
}

function percentText(value: number): string {
  return value === 0 ? "" : decimalText(value);
}

/** What to ask the database, or null while something typed is no number yet. */
export function inputOf(clientId: string, proposal: Proposal, replaces?: string): SimulationInput | null {
  const discounts = discountsOf(proposal);
  const downPayments = downPaymentsOf(proposal);
  const dueDay = proposal.due_day?.trim() ?? "";
  if (!discounts || !downPayments || proposal.debt_ids.length === 0) return null;
  if (!/^\d{1,3}$/.test(proposal.installments.trim()) || !/^\d{0,2}$/.test(dueDay)) return null;
  return {
    client_id: clientId,
    debt_ids: proposal.debt_ids,
    discounts,
    installments: Number(proposal.installments),
    interval: proposal.interval,
    method: proposal.method,
    ...(proposal.template_id && { template_id: proposal.template_id }),
    ...(proposal.first_due_date && { first_due_date: proposal.first_due_date }),
    ...(dueDay && proposal.interval === "monthly" && { due_day: Number(dueDay) }),
    ...(downPayments.length > 0 && { down_payments: downPayments }),
    ...(replaces && { replaces_agreement_id: replaces }),
  };
}

function discountsOf({ discounts, target = "" }: Proposal): Record<string, number> | null {
  if (target.trim() !== "") {
    const cents = centsOf(target);
    return cents ? { target_total_cents: cents } : null;
  }
  const asked: Record<string, number> = {};
  for (const name of components) {
    const text = discounts[name];
    if (text.trim() === "") continue;
    const value = percentOf(text);
    if (value === null) return null;
    asked[name] = value;
  }
  return asked;
}

function downPaymentsOf({ down_payments }: Proposal): Json[] | null {
  const asked: Json[] = [];
  for (const { amount, due_on, method } of down_payments) {
    const cents = centsOf(amount);
    if (!cents) return null;
    asked.push({ amount_cents: cents, ...(due_on && { due_on }), ...(method && { method }) });
  }
  return asked;
}
