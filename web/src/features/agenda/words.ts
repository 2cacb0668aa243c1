import { addDays, localDate, localTime, moment, now, weekday } from "@/lib/clock";
import { day } from "@/lib/format";
import type { Callback, NextClient } from "./shapes";

export interface Lawful {
  tone: "good" | "warn" | "bad";
  text: string;
}

/** From when, until when, and why not. */
export function lawfulWords({ allowed, opens_at, closes_at, reason }: Callback["window"]): Lawful {
  if (reason === "suppressed") return { tone: "bad", text: "Não ligar: pediu para não receber ligações" };
  if (allowed && closes_at) return { tone: "good", text: `Pode ligar até ${localTime(new Date(closes_at))}` };
  if (!opens_at || !closes_at) return { tone: "bad", text: "Sem horário permitido nos próximos dias" };
  return {
    tone: "warn",
    text: `Fora do horário: ${moment(opens_at)} às ${localTime(new Date(closes_at))}`,
  };
}

/** "hoje, segunda 23/11" */
export function dayTitle(iso: string): string {
  const today = localDate(now());
  const near = { [today]: "Hoje", [addDays(today, 1)]: "Amanhã" }[iso];
  const name = `${weekday(iso)} ${day(iso).slice(0, 5)}`;
  return near ? `${near}, ${name}` : `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/** Why this client comes next, as an operator would say it. */
export function whyWords({ code, at }: Pick<NextClient, "code" | "at">): string {
  const when = at ? moment(at) : "";
  switch (code) {
    case "callback_mine":
      return `Seu retorno de ${when}`;
    case "callback_anyone":
      return `Retorno de ${when}, de quem puder`;
    case "reply_waiting":
      return `Respondeu no WhatsApp ${when} e espera`;
    case "installment_due":
      return "Tem parcela que vence hoje";
    case "agreement_broken":
      return `Quebrou o acordo ${when}`;
    case "oldest_contact":
      return at ? `Último contato ${when}, o mais antigo da sua carteira` : "Da sua carteira, ainda sem nenhum contato";
  }
}
