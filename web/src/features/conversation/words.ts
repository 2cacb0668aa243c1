import { moment } from "@/lib/clock";
import { AppError, sentenceFor } from "@/lib/errors";
import { phone } from "@/lib/format";
import type { EventKind, Item, Talk, TalkEvent } from "./shapes";

export function talkName({ client, contact_name, phone: number }: Talk): string {
  return client?.name ?? contact_name ?? (number ? phone(number) : "Usuário do WhatsApp");
}

const eventSentences: Record<EventKind, (event: TalkEvent) => string> = {
  assigned: ({ actor, to }) =>
    actor === to ? `${to ?? "Alguém"} começou a atender` : `${actor ?? "Alguém"} passou a conversa para ${to}`,
  taken_over: ({ actor, from, to }) =>
    actor === to
      ? `${to ?? "Alguém"} assumiu a conversa${from ? ` de ${from}` : ""}`
      : `${actor ?? "Alguém"} passou a conversa${from ? ` de ${from}` : ""} para ${to}`,
  released: ({ actor }) => `${actor ?? "Alguém"} deixou a conversa livre`,
  opted_out: () => "A pessoa pediu para não receber mensagens: contato bloqueado",
  linked: ({ actor }) => `${actor ?? "Alguém"} vinculou a conversa a este cliente`,
  ignored: ({ actor }) => `${actor ?? "Alguém"} ignorou este número`,
  number_changed: () => "A pessoa trocou de número no WhatsApp: confira os telefones dela",
  restored: ({ actor }) => `${actor ?? "Alguém"} trouxe este número de volta`,
};

export function eventSentence(event: TalkEvent): string {
  return eventSentences[event.kind](event);
}

/** Why nothing can be written now, in a sentence with what to do. */
export const obstacleSentences: Record<string, string> = {
  integration_inactive: "O número de WhatsApp está desligado ou pausado. Avise um supervisor.",
  no_reachable_phone: "Esta pessoa escreveu só com o nome de usuário do WhatsApp. Peça o telefone para responder.",
  suppressed: "A pessoa pediu para não receber mensagens. Só um administrador pode liberar o contato.",
  window_closed: "Já se passaram 24 horas desde a última mensagem da pessoa: agora só com um modelo aprovado.",
  client_unknown: "Diga de quem é este número para enviar um modelo.",
  outside_hours: "Fora do horário permitido para contato.",
  attempt_cap: "Este cliente já foi contatado tantas vezes quanto a assessoria permite.",
  template_not_sendable: "Este modelo não pode ser enviado por este número.",
  variable_missing: "Falta um dado desta pessoa para preencher o modelo.",
};

export function obstacleSentence(reason: string, nextAllowedAt: string | null): string {
  const said = obstacleSentences[reason] ?? "Agora não é possível enviar.";
  return nextAllowedAt && ["outside_hours", "attempt_cap"].includes(reason)
    ? `${said} Pode a partir de ${moment(nextAllowedAt)}.`
    : said;
}

/** A refusal of the database, with the next lawful moment when it names one. */
export function refusalSentence(code: string, detail: string | undefined): string {
  const said = obstacleSentences[code] ?? sentenceFor(new AppError(code, 409));
  const mayLater = ["outside_hours", "attempt_cap"].includes(code) && detail && !Number.isNaN(Date.parse(detail));
  return mayLater ? `${said} Pode a partir de ${moment(detail)}.` : said;
}

/** Failures after which the same text may be sent again as it is. Of a number without WhatsApp, an opt-out or a refused
 * template the next try would say the same. */
const worthRetrying = ["rate_limited", "provider_unavailable", "outcome_unknown", "unclassified", "configuration"];

export function mayRetry({ direction, status, error_code, is_bulk, is_automatic }: Item): boolean {
  if (direction === "in" || status !== "failed" || is_bulk || is_automatic) return false;
  return worthRetrying.includes(error_code ?? "unclassified");
}
