import { reasonSentence } from "@/lib/reasons";
import type { Notification } from "./queries";

interface Told {
  title: string;
  detail: string;
  href: string;
  tone: "good" | "bad" | "neutral";
}

/** A notification holds ids and codes; here is what people read and where it leads. */
export function tell({ kind, payload }: Notification): Told {
  switch (kind) {
    case "automation_failed":
      return {
        title: "Uma automação falhou",
        detail: reasonSentence(String(payload.reason ?? "unclassified")),
        href: payload.client_id ? `/atendimento/${payload.client_id}` : "/automacao?situacao=falhou",
        tone: "bad",
      };
    case "import_finished":
      return payload.status === "failed"
        ? { title: "A importação falhou", detail: "Nada foi gravado.", href: "/carteira", tone: "bad" }
        : { title: "Importação concluída", detail: "A carteira já está atualizada.", href: "/carteira", tone: "good" };
    case "callback_due":
      return {
        title: "Hora de retornar uma ligação",
        detail: "Abra o atendimento do cliente.",
        href: payload.client_id ? `/atendimento/${payload.client_id}` : "/carteira",
        tone: "neutral",
      };
    case "dialer_export_finished":
      return payload.status === "failed"
        ? { title: "O envio ao discador parou", detail: "Veja o motivo e retome.", href: "/discador", tone: "bad" }
        : { title: "Envio ao discador concluído", detail: "Veja quem entrou.", href: "/discador", tone: "good" };
    case "dialer_silent":
      return {
        title: "O discador parou de avisar",
        detail: "Confira o webhook no 3C Plus: as ligações estão sendo buscadas por consulta.",
        href: "/discador",
        tone: "bad",
      };
    case "agreement_pending_approval":
      return {
        title: "Uma proposta espera aprovação",
        detail: "Veja o cálculo e decida.",
        href: "/acordos",
        tone: "neutral",
      };
    default:
      return tellMoney(kind, payload);
  }
}

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

function tellMoney(kind: string, payload: Notification["payload"]): Told {
  const known = agreementTitles[kind];
  if (known && payload.agreement_id)
    return { ...known, detail: "Abra o acordo para ver o que mudou.", href: `/acordos/${payload.agreement_id}` };
  return { title: "Novidade", detail: "Há algo novo para você.", href: "/carteira", tone: "neutral" };
}
