import { filterPhrases } from "@/lib/filter-phrases";
import { plural } from "@/lib/format";
import type { Names } from "@/lib/rule-names";
import { deedOf, spanOf } from "@/lib/rule-words";
import type { Definition, Step, Trigger } from "./shapes";

export const triggerNames: Record<Trigger, string> = {
  disposition: "Depois de uma tabulação",
  debt_due: "Dias do vencimento de título, sem acordo",
  installment_due: "Dias do vencimento de parcela do acordo",
  agreement_event: "Quando um acordo muda",
  payment_event: "Quando há um pagamento",
  message_received: "Quando o cliente escreve",
  callback_due: "Na hora de um retorno",
};

export const meaningNames: Record<string, string> = {
  human_answered: "uma tabulação em que alguém atendeu",
  right_party: "uma tabulação em que se falou com o próprio cliente",
  is_callback: "uma tabulação que marca retorno",
  unworkable: "uma tabulação de contato incorreto",
  opens_negotiation: "uma tabulação que abre negociação",
};

export const eventNames: Record<"agreement_event" | "payment_event", Record<string, string>> = {
  agreement_event: {
    approved: "Quando um acordo é aprovado",
    rejected: "Quando um acordo é recusado",
    broken: "Quando um acordo quebra",
    settled: "Quando um acordo é quitado",
    cancelled: "Quando um acordo é cancelado",
  },
  payment_event: { received: "Quando um pagamento entra", reversed: "Quando um pagamento é estornado" },
};

export const methodNames = { boleto: "boleto", pix: "Pix", card: "cartão" } as const;

/** "Depois de Caixa Postal", "3 dias depois do vencimento da parcela". */
export function occasionOf(rule: Definition, names: Pick<Names, "dispositions"> | undefined): string {
  switch (rule.trigger) {
    case "disposition": {
      const label = names?.dispositions.find(({ key }) => key === rule.disposition_type)?.label;
      return `Depois de ${label ?? meaningNames[rule.disposition_meaning ?? ""] ?? "uma tabulação"}`;
    }
    case "debt_due":
    case "installment_due": {
      const days = rule.day_offset ?? 0;
      const what = rule.trigger === "debt_due" ? "do título mais antigo, sem acordo" : "da parcela do acordo";
      if (days === 0) return `No dia do vencimento ${what}`;
      return `${plural(Math.abs(days), "dia", "dias")} ${days < 0 ? "antes" : "depois"} do vencimento ${what}`;
    }
    case "agreement_event":
    case "payment_event":
      return eventNames[rule.trigger][rule.event ?? ""] ?? triggerNames[rule.trigger];
    default:
      return triggerNames[rule.trigger];
  }
}

/** "envia “Lembrete” por WhatsApp", with what the step was told. */
export function stepDeed(step: Step, names: Names | undefined): string {
  const template = names?.templates.find(({ id }) => id === step.template_id)?.name ?? null;
  switch (step.action) {
    case "send_template":
      return template ? deedOf("send_template", template) : "envia por WhatsApp um modelo que falta escolher";
    case "create_charge":
      return step.method ? `gera a cobrança por ${methodNames[step.method]} e envia o link` : deedOf(step.action);
    case "send_to_dialer":
      return `manda de novo para o discador, no máximo ${plural(step.max_attempts ?? 3, "vez", "vezes")} em 7 dias`;
    case "schedule_callback": {
      const whose = step.who === "anyone" ? "de qualquer operador" : "do próprio operador";
      const when = step.minutes ? `para dali a ${spanOf(step.minutes)}` : "na hora prometida";
      const release = step.release_minutes ? `, de todos depois de ${spanOf(step.release_minutes)} de atraso` : "";
      return `agenda um retorno ${whose} ${when}${step.who === "anyone" ? "" : release}`;
    }
    case "quarantine_phone":
      return step.days
        ? `põe o telefone chamado em quarentena por ${plural(step.days, "dia", "dias")}`
        : "tira de uso o telefone chamado";
    case "tag":
      return `coloca a tag “${names?.tags.find(({ id }) => id === step.tag_id)?.name ?? "a escolher"}”`;
    case "assign":
      return step.user_id
        ? `entrega o cliente a ${names?.members.find(({ user_id }) => user_id === step.user_id)?.name ?? "alguém que saiu"}`
        : "entrega o cliente a quem tabulou";
    case "remind_operator":
    case "notify_supervisor":
      return `${deedOf(step.action)}${step.note ? `: “${step.note}”` : ""}`;
    default:
      return deedOf(step.action);
  }
}

/** The whole rule as one would tell it to a colleague. */
export function ruleSentence(rule: Definition, names: Names | undefined, undoSeconds: number): string {
  const people = filterPhrases(rule.filter, names);
  const steps = rule.steps.map((step, index) => {
    const deed = stepDeed(step, names);
    if (step.wait_minutes > 0) return `${index === 0 ? "em" : "depois de mais"} ${spanOf(step.wait_minutes)} ${deed}`;
    if (index > 0) return `em seguida ${deed}`;
    return rule.trigger === "disposition" && undoSeconds > 0 ? `em ${undoSeconds} s ${deed}` : deed;
  });
  const limits = [
    rule.opens && rule.closes && `só das ${rule.opens.slice(0, 5)} às ${rule.closes.slice(0, 5)}`,
    rule.daily_cap && `no máximo ${rule.daily_cap} por dia`,
    rule.repeat_days && `uma vez por cliente ${rule.repeat_days === 1 ? "por dia" : `a cada ${rule.repeat_days} dias`}`,
  ].filter((limit): limit is string => Boolean(limit));
  const who = people.length > 0 ? ` (clientes: ${people.join(", ")})` : "";
  const does = steps.length > 0 ? `: ${steps.join("; ")}` : ", nada ainda";
  const limit = limits.length > 0 ? ` ${capital(limits.join(", "))}.` : "";
  return `${occasionOf(rule, names)}${who}${does}.${limit}`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What changed from one version to another, in words: [field, before, after]. */
export function differences(
  before: Definition,
  after: Definition,
  names: Names | undefined,
): { field: string; from: string; to: string }[] {
  const asTold = (rule: Definition): Record<string, string> => ({
    Nome: rule.name,
    Gatilho: occasionOf(rule, names),
    Condições: filterPhrases(rule.filter, names).join(", ") || "todos",
    Passos: rule.steps.map((step) => `${spanOf(step.wait_minutes)}: ${stepDeed(step, names)}`).join("; "),
    Horário: rule.opens && rule.closes ? `${rule.opens.slice(0, 5)} às ${rule.closes.slice(0, 5)}` : "o da lei",
    "Limite por dia": rule.daily_cap ? String(rule.daily_cap) : "sem limite",
    "Uma vez por cliente": rule.repeat_days ? `a cada ${plural(rule.repeat_days, "dia", "dias")}` : "sem limite",
    Prioridade: String(rule.priority),
  });
  const was = asTold(before);
  const is = asTold(after);
  return Object.keys(is)
    .filter((field) => was[field] !== is[field])
    .map((field) => ({ field, from: was[field] ?? "", to: is[field] ?? "" }));
}

const unit = 1_000_000;

/** Millionths of a currency → "R$ 0,84"; a message costs less than a cent. */
export function priceText(micros: number, currency: string): string {
  return new Intl.NumberFormat("pt-BR", {
    style: "currency",
    currency,
    minimumFractionDigits: 2,
    maximumFractionDigits: 4,
  }).format(micros / unit);
}
