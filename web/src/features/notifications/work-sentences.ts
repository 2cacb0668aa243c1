import { moment } from "@/lib/clock";
import { money, plural } from "@/lib/format";
import { reasonSentence } from "@/lib/reasons";
import type { Notification } from "./queries";

export interface Told {
  title: string;
  detail: string;
  href: string;
  tone: "good" | "bad" | "neutral";
}

const providerNames: Record<string, string> = {
  gupshup: "Gupshup",
  meta: "Meta",
  negociarie: "Negociarie",
  threecplus: "3C Plus",
};

type Teller = (notification: Notification) => Told;

const batchHref = ({ payload }: Notification): string =>
  payload.batch_id ? `/disparos/${payload.batch_id}` : "/disparos";

/** A template was edited under a rule that is on. */
const newWords: Teller = ({ payload }) => ({
  title: `O texto de “${payload.template}” mudou`,
  detail: `A regra ${payload.rule} continua ligada, já com o texto novo. Simule de novo para ver como fica.`,
  href: `/automacao/regras/${payload.rule_id}`,
  tone: "neutral",
});

const ruleNotice: Teller = ({ payload, client_name }) => ({
  title: client_name ?? plural(Number(payload.count), "caso para a supervisão", "casos para a supervisão"),
  detail: [payload.note, payload.rule].filter(Boolean).join(" · "),
  href: payload.client_id ? `/atendimento/${payload.client_id}` : `/automacao/execucoes?regra=${payload.rule_id}`,
  tone: "neutral",
});

/** Promised calls, bulk work and providers: kind → what people read. */
const tellers: Record<string, Teller> = {
  callback_due: ({ payload, client_name }) => ({
    title: client_name ? `Hora de ligar para ${client_name}` : "Hora de retornar uma ligação",
    detail: payload.due_at
      ? `Retorno marcado para ${moment(String(payload.due_at))}.`
      : "Abra o atendimento do cliente.",
    href: payload.client_id ? `/atendimento/${payload.client_id}` : "/agenda",
    tone: "neutral",
  }),
  callbacks_overdue: ({ payload }) => ({
    title: `${plural(Number(payload.count), "retorno espera", "retornos esperam")} por você`,
    detail: `O mais antigo era para ${moment(String(payload.since))}.`,
    href: "/agenda?de=mim",
    tone: "neutral",
  }),
  payment_received: ({ payload, client_name }) => ({
    title: client_name ? `${client_name} pagou` : "Um pagamento entrou",
    detail: `${money(Number(payload.amount_cents))}; o saldo do acordo já está atualizado.`,
    href: `/acordos/${payload.agreement_id}`,
    tone: "good",
  }),
  rule_reminder: ({ payload, client_name }) => ({
    title: client_name ? `Lembrete: ${client_name}` : "Lembrete de uma regra",
    detail: String(payload.note ?? payload.rule ?? "Abra o atendimento do cliente."),
    href: payload.client_id ? `/atendimento/${payload.client_id}` : "/agenda",
    tone: "neutral",
  }),
  rule_notice: (told) => (told.payload.template ? newWords(told) : ruleNotice(told)),
  batch_finished: (told) => ({
    title: "Disparo concluído",
    detail: "Veja quem recebeu, quem respondeu e o que falhou.",
    href: batchHref(told),
    tone: "good",
  }),
  batch_stalled: (told) => ({
    title: "Um disparo parou de andar",
    detail: "Nada saiu nos últimos minutos. Veja o motivo e retome.",
    href: batchHref(told),
    tone: "bad",
  }),
  batch_awaits_confirmation: (told) => ({
    title: "Um disparo espera confirmação",
    detail: "É grande o bastante para uma segunda pessoa conferir.",
    href: batchHref(told),
    tone: "neutral",
  }),
  batch_refused: (told) => ({
    title: "Seu disparo foi recusado",
    detail: "Leia o motivo. Nenhuma mensagem saiu.",
    href: batchHref(told),
    tone: "bad",
  }),
  sender_paused: ({ payload }) => ({
    title: "Um número de WhatsApp parou",
    detail: sentence(payload.reason),
    // Where supervisors, too, may set it going again.
    href: "/disparos",
    tone: "bad",
  }),
  integration_failing: ({ payload }) => ({
    title: `${providerNames[String(payload.provider)] ?? "Um provedor"} não está respondendo`,
    detail: "Teste a conexão nas integrações.",
    href: "/configuracoes/integracoes",
    tone: "bad",
  }),
  integration_silent: ({ payload }) => ({
    title: `${providerNames[String(payload.provider)] ?? "Um provedor"} está em silêncio`,
    detail: "Nenhum evento chegou no prazo esperado. Confira o webhook.",
    href: "/configuracoes/integracoes",
    tone: "bad",
  }),
};

function sentence(reason: string | number | null | undefined): string {
  const said = reasonSentence(String(reason ?? "unclassified"));
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}.`;
}

export function tellWork(notification: Notification): Told | undefined {
  return tellers[notification.kind]?.(notification);
}
