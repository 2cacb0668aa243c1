import { count } from "@/lib/format";
import { reasonSentences } from "@/lib/reasons";
import { sentences } from "@/lib/sentences";
import type { Failure, FailureKind } from "./queries";

export const kindNames: Record<FailureKind, string> = {
  automation: "Automação",
  message: "Mensagem",
  charge: "Cobrança",
  batch: "Disparo",
  dialer_export: "Carga do discador",
  import: "Importação",
  webhook: "Aviso de provedor",
  job: "Rotina",
};

const jobNames: Record<string, string> = {
  age_agreements: "Quebra e caducidade de acordos",
  check_ledger: "Conferência do razão",
  dialer_hours: "Horários das listas do discador",
  rules: "Regras por vencimento",
  refresh_panel: "Números do painel",
  erasures: "Apagamentos pedidos (LGPD)",
  release_removals: "Saída de números errados do discador",
  "reconcile-payments": "Conciliação de pagamentos",
};

const providerNames: Record<string, string> = {
  gupshup: "Gupshup",
  meta: "Meta",
  threecplus: "3C Plus",
  negociarie: "Negociarie",
};

const methodNames: Record<string, string> = { boleto: "Boleto", pix: "Pix", card: "Cartão" };

/** Causes that mean something else, or more, where they are told here. */
const causes: Partial<Record<FailureKind, Record<string, string>>> = {
  charge: {
    payer_invalid: "o provedor recusou os dados do cliente: confira nome, documento, telefone e endereço",
    configuration: "a conta da Negociarie não está bem configurada",
    unclassified: "o provedor recusou sem dizer um motivo conhecido",
  },
  dialer_export: {
    provider_unavailable: "o 3C Plus não respondeu depois de várias tentativas",
    configuration: "a conta do 3C Plus não está bem configurada",
    unclassified: "o 3C Plus recusou sem dizer um motivo conhecido",
  },
  import: { unclassified: "a importação parou no meio; nada dela ficou", internal: "defeito nosso; nada dela ficou" },
  webhook: {
    payload_invalid: "o provedor mandou um aviso em um formato que não se entende",
    message_not_found: "fala de uma mensagem que não saiu daqui",
    sender_unknown: "chegou de um número remetente que não está cadastrado",
    call_busy: "fala de uma ligação em que outra parte do sistema escrevia",
    charge_busy: "fala de uma cobrança que ainda estava sendo emitida",
    unclassified: "o aviso não pôde ser aplicado",
  },
  job: { job_failed: "a rotina terminou com erros; a próxima refaz tudo" },
};

const fallback: Record<FailureKind, string> = {
  automation: "defeito em um passo da regra",
  message: "recusada pelo provedor sem motivo conhecido",
  charge: "o provedor recusou a cobrança",
  batch: "parte do disparo não saiu",
  dialer_export: "o discador não aceitou a carga",
  import: "o arquivo não pôde ser importado",
  webhook: "o aviso do provedor não mudou nada",
  job: "a rotina não terminou",
};

/** Why it failed, for whoever has to mend it; never a bare code. */
export function causeOf({ kind, reason }: Pick<Failure, "kind" | "reason">): string {
  const known = causes[kind]?.[reason] ?? reasonSentences[reason] ?? sentences[reason];
  if (!known) return `${fallback[kind]} (${reason})`;
  return known.charAt(0).toLowerCase() + known.slice(1).replace(/\.$/, "");
}

/** What failed: the rule's name, the file's, the job's in words. */
export function titleOf({ kind, title }: Pick<Failure, "kind" | "title">): string {
  if (kind === "job") return jobNames[title ?? ""] ?? title ?? "Rotina";
  if (kind === "webhook") return providerNames[title ?? ""] ?? title ?? "Provedor";
  if (kind === "charge") return methodNames[title ?? ""] ?? title ?? "Cobrança";
  if (kind === "message") return title ?? "Mensagem escrita por uma pessoa";
  return title ?? kindNames[kind];
}

/** What a person does about it, where there is no button for it here. */
export const remedies: Partial<Record<FailureKind, { text: string; href: (id: string) => string }>> = {
  import: { text: "Importar de novo", href: () => "/carteira" },
  batch: { text: "Abrir o disparo", href: (id) => `/disparos/${id}` },
  webhook: { text: "Ver integrações", href: () => "/configuracoes/integracoes" },
};

/** The database counts to a thousand. */
export function upTo(found: number): string {
  return found >= 1_000 ? "1.000+" : count(found);
}
