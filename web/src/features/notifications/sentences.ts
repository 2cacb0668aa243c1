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
    default:
      return { title: "Novidade", detail: "Há algo novo para você.", href: "/carteira", tone: "neutral" };
  }
}
