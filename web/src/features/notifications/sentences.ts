import { reasonSentence } from "@/lib/reasons";
import type { Notification } from "./queries";
import { type Told, tellWork } from "./work-sentences";

/** A notification holds ids and codes; here is what people read and where it leads. */
export function tell(told: Notification): Told {
  const { kind, payload } = told;
  switch (kind) {
    case "automation_failed":
      return {
        title: "Uma automação falhou",
        detail: reasonSentence(String(payload.reason ?? "unclassified")),
        href: payload.client_id ? `/atendimento/${payload.client_id}` : "/automacao?situacao=falhou",
        tone: "bad",
      };
    case "import_finished":
      return { href: "/carteira", ...(importEnds[String(payload.status)] ?? importDone) };
    case "dialer_export_finished":
      return payload.status === "failed"
        ? { title: "O envio ao discador parou", detail: "Veja o motivo e retome.", href: "/discador", tone: "bad" }
        : { title: "Envio ao discador concluído", detail: "Veja quem entrou.", href: "/discador", tone: "good" };
    case "dialer_removal_failed":
      return {
        title: "O discador não retirou quem devia sair",
        detail: "Há quem ainda receba ligações. Tentamos de novo a cada dez minutos; confira a integração.",
        href: "/discador",
        tone: "bad",
      };
    case "dialer_silence_failed":
      return {
        title: "Uma lista continua discando",
        detail: "Ela devia estar parada e o discador recusou. Tentamos de novo a cada dez minutos; pause-a no 3C Plus.",
        href: "/discador",
        tone: "bad",
      };
    case "dialer_silent":
      return {
        title: "O discador parou de avisar",
        detail: "Confira o webhook no 3C Plus: as ligações estão sendo buscadas por consulta.",
        href: "/discador",
        tone: "bad",
      };
    case "message_received":
      return {
        title: "Nova mensagem no WhatsApp",
        detail: "A pessoa escreveu na sua conversa.",
        href: `/conversas/${payload.conversation_id}`,
        tone: "neutral",
      };
    case "conversation_given":
      return {
        title: "Uma conversa passou para você",
        detail: "A supervisão pediu que você continue.",
        href: `/conversas/${payload.conversation_id}`,
        tone: "neutral",
      };
    case "agreement_pending_approval":
      return {
        title: "Uma proposta espera aprovação",
        detail: "Veja o cálculo e decida.",
        href: "/acordos",
        tone: "neutral",
      };
    default:
      return tellWork(told) ?? tellMoney(kind, payload);
  }
}

const importDone: Omit<Told, "href"> = {
  title: "Importação concluída",
  detail: "A carteira já está atualizada.",
  tone: "good",
};
const importEnds: Record<string, Omit<Told, "href">> = {
  failed: { title: "A importação falhou", detail: "Nada foi gravado.", tone: "bad" },
  cancelled: { title: "Importação cancelada", detail: "O que já tinha entrado voltou.", tone: "neutral" },
  interrupted: { title: "A importação parou no meio", detail: "Ela continua sozinha em até um minuto.", tone: "bad" },
};

const agreementTitles: Record<string, { title: string; tone: Told["tone"] }> = {
  agreement_awaiting_first_payment: { title: "Acordo aprovado", tone: "good" },
  agreement_active: { title: "Acordo em dia", tone: "good" },
  agreement_rejected: { title: "Proposta recusada", tone: "bad" },
  agreement_expired: { title: "Proposta vencida sem decisão", tone: "bad" },
  agreement_overdue: { title: "Acordo em atraso", tone: "bad" },
  agreement_broken_provisionally: { title: "Acordo em quebra provisória", tone: "bad" },
  agreement_broken: { title: "Acordo quebrado", tone: "bad" },
  agreement_lapsed: { title: "Acordo caducou sem pagamento", tone: "bad" },
  agreement_settled: { title: "Acordo quitado", tone: "good" },
  agreement_cancelled: { title: "Acordo cancelado", tone: "neutral" },
};

const queue = "/acordos/pagamentos";

/** Money that waits for a person, or did not go the way it should. */
const moneyNews: Record<string, Told> = {
  settlement_pending: {
    title: "Uma baixa manual espera confirmação",
    detail: "Confira o comprovante e decida.",
    href: queue,
    tone: "neutral",
  },
  payment_paid_after_break: {
    title: "Pagamento depois da quebra",
    detail: "Reative o acordo, abata da dívida ou devolva.",
    href: queue,
    tone: "neutral",
  },
  payment_duplicate: {
    title: "Pagamento em dobro",
    detail: "Adiante parcelas, abata da dívida ou devolva.",
    href: queue,
    tone: "neutral",
  },
  payment_overpayment: {
    title: "Pagamento a maior",
    detail: "O que sobrou deve voltar ao cliente.",
    href: queue,
    tone: "neutral",
  },
  payment_orphan: {
    title: "Pagamento sem dono",
    detail: "Diga de qual parcela ele é.",
    href: queue,
    tone: "neutral",
  },
  payment_contradiction: {
    title: "Pagamento com informação contraditória",
    detail: "Confira no extrato antes de decidir.",
    href: queue,
    tone: "bad",
  },
  payment_reversed: {
    title: "Um pagamento foi estornado",
    detail: "O saldo do acordo mudou.",
    href: "/acordos",
    tone: "bad",
  },
  charge_failed: {
    title: "Uma cobrança falhou",
    detail: "Abra o acordo para ver o motivo e tentar de novo.",
    href: "/acordos",
    tone: "bad",
  },
  reconciliation_late: {
    title: "A conciliação está atrasada",
    detail: "Há quebras esperando a resposta do provedor. Concilie agora.",
    href: queue,
    tone: "bad",
  },
  job_failed: {
    title: "Uma rotina noturna falhou",
    detail: "Avise quem cuida do sistema.",
    href: "/acordos",
    tone: "bad",
  },
};

function tellMoney(kind: string, payload: Notification["payload"]): Told {
  const agreement = payload.agreement_id ? `/acordos/${payload.agreement_id}` : null;
  const known = agreementTitles[kind];
  if (known && agreement) {
    const detail = payload.reason ? `Motivo: ${payload.reason}` : "Abra o acordo para ver o que mudou.";
    return {
      ...known,
      detail: kind === "agreement_rejected" ? detail : "Abra o acordo para ver o que mudou.",
      href: agreement,
    };
  }
  const news = moneyNews[kind];
  // Where the queue decides, the queue is the place; else the agreement itself.
  if (news) return agreement && news.href !== queue ? { ...news, href: agreement } : news;
  return { title: "Novidade", detail: "Há algo novo para você.", href: "/carteira", tone: "neutral" };
}
