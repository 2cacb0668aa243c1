/** What a rule's step does, in the third person, as a sentence about it needs it. */

export type RuleAction =
  | "send_template"
  | "create_charge"
  | "send_to_dialer"
  | "leave_dialer"
  | "schedule_callback"
  | "remind_operator"
  | "notify_supervisor"
  | "quarantine_phone"
  | "tag"
  | "assign";

const deeds: Record<RuleAction, string> = {
  send_template: "envia uma mensagem por WhatsApp",
  create_charge: "gera a cobrança e envia o link",
  send_to_dialer: "manda de novo para o discador",
  leave_dialer: "tira do discador",
  schedule_callback: "agenda um retorno",
  remind_operator: "lembra o operador",
  notify_supervisor: "avisa a supervisão",
  quarantine_phone: "põe o telefone chamado em quarentena",
  tag: "coloca uma tag",
  assign: "define o responsável",
};

/** "envia “Lembrete” por WhatsApp". */
export function deedOf(action: string, template: string | null = null): string {
  if (action === "send_template" && template) return `envia “${template}” por WhatsApp`;
  return deeds[action as RuleAction] ?? "faz algo que esta versão da página ainda não conhece";
}

/** Minutes as people say them: "10 min", "4 h", "1 h 30 min", "2 dias". */
export function spanOf(minutes: number): string {
  if (minutes > 0 && minutes % 1_440 === 0) return minutes === 1_440 ? "1 dia" : `${minutes / 1_440} dias`;
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return [hours > 0 && `${hours} h`, (rest > 0 || hours === 0) && `${rest} min`].filter(Boolean).join(" ");
}
