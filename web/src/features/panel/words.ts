import { count, money, percent } from "@/lib/format";
import { decimalText } from "@/lib/typed";
import type { BehindRow, Figure, Section, Unit } from "./shapes";

export const sectionNames: Record<Section, string> = {
  contact: "Contato",
  agreement: "Acordos",
  money: "Dinheiro",
};

export const sourceNames: Record<BehindRow["source"], string> = {
  calls: "Ligação",
  call_dispositions: "Tabulação",
  message_logs: "WhatsApp",
  agreements: "Acordo",
  agreement_events: "Quebra",
  installments: "Parcela",
  payments: "Pagamento",
};

/** What waits or failed: its words, one and many, and where it is dealt with. */
export const waitingWords: Record<string, [one: string, many: string, href: string]> = {
  agreements_to_approve: ["acordo para aprovar", "acordos para aprovar", "/acordos"],
  settlements_to_decide: ["baixa para decidir", "baixas para decidir", "/acordos/pagamentos"],
  payments_to_decide: ["pagamento a resolver", "pagamentos a resolver", "/acordos/pagamentos"],
  batches_to_confirm: ["disparo para confirmar", "disparos para confirmar", "/disparos"],
  callbacks_overdue: ["retorno atrasado", "retornos atrasados", "/agenda"],
  automations_failed: ["automação com falha", "automações com falha", "/automacao"],
  charges_failed: ["cobrança com falha", "cobranças com falha", "/acordos"],
  imports_failed: ["importação com falha", "importações com falha", "/carteira"],
  jobs_failed: ["tarefa da noite com falha", "tarefas da noite com falha", "/configuracoes"],
};

export const providerNames: Record<string, string> = {
  gupshup: "Gupshup",
  meta: "Meta",
  threecplus: "3C Plus",
  negociarie: "Negociarie",
};

/** 125 → "2min 05s". */
function duration(seconds: number): string {
  const rest = String(seconds % 60).padStart(2, "0");
  return `${Math.floor(seconds / 60)}min ${rest}s`;
}

const shown: Record<Unit, (value: number) => string> = {
  count,
  cents: money,
  percent,
  ratio: decimalText,
  seconds: duration,
};

export function figureText(unit: Unit, figure: Figure | undefined): string {
  return figure?.value === undefined ? "—" : shown[unit](figure.value);
}
