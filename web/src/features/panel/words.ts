import { count, money, percent, plural } from "@/lib/format";
import { decimalText } from "@/lib/typed";
import type { BehindRow, Figure, Outcome, Section, Unit } from "./shapes";

export const sectionNames: Record<Section, string> = {
  contact: "Contato",
  agreement: "Acordos",
  money: "Dinheiro",
  hours: "Produtividade",
  portfolio: "Carteira",
  cost: "Custo",
  law: "Dentro da lei",
};

export const sourceNames: Record<BehindRow["source"], string> = {
  calls: "Ligação",
  call_dispositions: "Tabulação",
  message_logs: "WhatsApp",
  agreements: "Acordo",
  agreement_events: "Quebra",
  installments: "Parcela",
  payments: "Pagamento",
  callbacks: "Retorno",
  cost_rates: "Custo mensal",
  operator_states: "Jornada",
  debts: "Título",
  clients: "Cliente",
  payment_allocations: "Pagamento do título",
  suppressions: "Descadastro",
};

/** What waits or failed: its words, one and many, and where it is dealt with. */
export const waitingWords: Record<string, [one: string, many: string, href: string]> = {
  agreements_to_approve: ["acordo para aprovar", "acordos para aprovar", "/acordos"],
  settlements_to_decide: ["baixa para decidir", "baixas para decidir", "/acordos/pagamentos"],
  payments_to_decide: ["pagamento a resolver", "pagamentos a resolver", "/acordos/pagamentos"],
  batches_to_confirm: ["disparo para confirmar", "disparos para confirmar", "/disparos"],
  callbacks_overdue: ["retorno atrasado", "retornos atrasados", "/agenda"],
  automations_failed: ["automação com falha", "automações com falha", "/automacao/falhas"],
  charges_failed: ["cobrança com falha", "cobranças com falha", "/automacao/falhas"],
  imports_failed: ["importação com falha", "importações com falha", "/automacao/falhas"],
  jobs_failed: ["tarefa da noite com falha", "tarefas da noite com falha", "/automacao/falhas"],
};

/** What is on its way out: its words, one and many. */
export const queueWords: Record<string, [one: string, many: string]> = {
  automations: ["automação na fila", "automações na fila"],
  bulk_messages: ["mensagem de disparo na fila", "mensagens de disparo na fila"],
  charges: ["cobrança a caminho", "cobranças a caminho"],
  imports: ["importação em curso", "importações em curso"],
  dialer_exports: ["carga do discador em curso", "cargas do discador em curso"],
};

export const outcomeNames: Record<Outcome, string> = {
  forward: "Envelheceu",
  same: "Ficou",
  back: "Voltou",
  cured: "Virou acordo",
  paid: "Pago",
  left: "Saiu",
};

export const bandName = (band: string): string =>
  band === "0" ? "Em dia" : band === "1800+" ? "mais de 1.800 dias" : `${band.replace("-", " a ")} dias`;

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

/** 27125 → "7h 32min". */
function hoursText(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return `${count(Math.floor(minutes / 60))}h ${String(minutes % 60).padStart(2, "0")}min`;
}

/** Below ten reais a message's price shows: four decimals. */
const fine = new Intl.NumberFormat("pt-BR", { style: "currency", currency: "BRL", maximumFractionDigits: 4 });

function microsText(micros: number): string {
  const reais = micros / 1_000_000;
  return reais < 10 ? fine.format(reais) : money(Math.round(micros / 10_000));
}

/** How long ago, as somebody says it across a room: "há 7 min". */
export function agoText(since: string, until: string): string {
  const minutes = Math.max(0, Math.floor((Date.parse(until) - Date.parse(since)) / 60_000));
  if (minutes === 0) return "agora mesmo";
  if (minutes < 60) return `há ${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `há ${hours} h` : `há ${plural(Math.floor(hours / 24), "dia", "dias")}`;
}

const shown: Record<Unit, (value: number) => string> = {
  count,
  cents: money,
  percent,
  ratio: decimalText,
  micros: microsText,
  rate: (reais) => fine.format(reais),
  seconds: duration,
  hours: hoursText,
  per_hour: decimalText,
  cents_per_hour: money,
  days: (days) => `${decimalText(days)} dias`,
};

/** What the amount of a measure's rows is worth. */
export function worthOf(measure: string): "cents" | "micros" | "seconds" {
  if (measure.startsWith("cost")) return "micros";
  return timed.has(measure) ? "seconds" : "cents";
}

const timed = new Set(["talked", "wrapped", "handled", "own_handled", "logged", "paused", "productive", "serving"]);

export function figureText(unit: Unit, figure: Figure | undefined): string {
  return figure?.value === undefined ? "—" : shown[unit](figure.value);
}
