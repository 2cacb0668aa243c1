import { centsOf, centsText, decimalText, percentOf } from "@/lib/typed";
import type { Values } from "./queries";

/** A setting as people see it: what it is called, how it is written, what it means. */
export interface Field {
  key: string;
  label: string;
  kind: "percent" | "cents" | "count" | "yes" | "choice" | "text";
  choices?: { value: string; label: string }[];
  hint?: string;
  /** Left empty it means "no end". */
  isOpen?: boolean;
}

export type Texts = Record<string, string>;

export function textsOf(fields: Field[], row: object | undefined): Texts {
  const known = (row ?? {}) as Record<string, unknown>;
  return Object.fromEntries(fields.map((field) => [field.key, textOf(field, known[field.key])]));
}

function textOf({ kind }: Field, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (kind === "yes") return value === true ? "yes" : "";
  if (kind === "percent") return decimalText(value as number);
  return kind === "cents" ? centsText(value as number) : String(value);
}

/** Why a field cannot be read, in words; undefined when it can. */
export function problemOf(field: Field, text: string): string | undefined {
  if (field.kind === "percent") return percentOf(text || "0") === null ? "De 0 a 100" : undefined;
  if (field.kind === "cents") return centsOf(text || "0") === null ? "Valor como 150,00" : undefined;
  if (field.kind === "count" && field.isOpen && text.trim() === "") return undefined;
  if (field.kind === "count") return /^\d{1,5}$/.test(text.trim()) ? undefined : "Um número inteiro";
  return undefined;
}

/** What the database is told, or null while a field cannot be read. */
export function valuesOf(fields: Field[], texts: Texts): Values | null {
  const values: Values = {};
  for (const field of fields) {
    const text = (texts[field.key] ?? "").trim();
    if (problemOf(field, text)) return null;
    if (field.kind === "yes") values[field.key] = text === "yes";
    else if (field.kind === "percent") values[field.key] = percentOf(text || "0");
    else if (field.kind === "cents") values[field.key] = centsOf(text || "0");
    else if (field.kind === "count") values[field.key] = text === "" ? null : Number(text);
    else values[field.key] = text === "" ? null : text;
  }
  return values;
}

const percents: Field[] = [
  { key: "principal_percent", label: "Principal, %", kind: "percent" },
  { key: "correction_percent", label: "Correção, %", kind: "percent" },
  { key: "fine_percent", label: "Multa, %", kind: "percent" },
  { key: "interest_percent", label: "Juros, %", kind: "percent" },
  { key: "collection_fee_percent", label: "Honorários, %", kind: "percent" },
];

export const intervals = [
  { value: "monthly", label: "mensais" },
  { value: "biweekly", label: "quinzenais" },
  { value: "weekly", label: "semanais" },
];

const states = "AC AL AM AP BA CE DF ES GO MA MG MS MT PA PB PE PI PR RJ RN RO RR RS SC SE SP TO".split(" ");

export const chargeFields: Field[] = [
  { key: "fine_percent", label: "Multa, %", kind: "percent", hint: "consumidor: até 2% (CDC, art. 52)" },
  { key: "interest_percent", label: "Juros ao mês, %", kind: "percent", hint: "simples" },
  {
    key: "interest_rule",
    label: "Contagem dos juros",
    kind: "choice",
    choices: [
      { value: "daily_30", label: "por dia, mês de 30" },
      { value: "actual_365", label: "por dia, ano de 365" },
      { value: "months_and_days", label: "meses cheios e dias" },
    ],
  },
  {
    key: "index_name",
    label: "Correção monetária",
    kind: "choice",
    choices: [
      { value: "", label: "sem correção" },
      { value: "ipca", label: "IPCA" },
      { value: "inpc", label: "INPC" },
      { value: "igpm", label: "IGP-M" },
    ],
  },
  { key: "collection_fee_percent", label: "Honorários, %", kind: "percent" },
  { key: "grace_days", label: "Carência, dias", kind: "count" },
  {
    key: "due_rule",
    label: "Vencimento em dia sem banco",
    kind: "choice",
    choices: [
      { value: "following", label: "próximo dia útil" },
      { value: "preceding", label: "dia útil anterior" },
      { value: "none", label: "fica no dia" },
    ],
  },
  {
    key: "holiday_uf",
    label: "Feriados do estado",
    kind: "choice",
    choices: [{ value: "", label: "só nacionais" }, ...states.map((value) => ({ value, label: value }))],
  },
  { key: "is_consumer", label: "Relação de consumo", kind: "yes" },
  { key: "is_fine_on_corrected", label: "Multa sobre o valor corrigido", kind: "yes" },
  { key: "counts_from_nominal", label: "Dias contados da data impressa", kind: "yes" },
];

export const agreementFields: Field[] = [
  { key: "offer_validity_days", label: "Validade da proposta, dias", kind: "count" },
  { key: "provisional_after_days", label: "Quebra provisória, dias", kind: "count", hint: "depois do vencimento" },
  { key: "definitive_after_days", label: "Quebra definitiva, dias", kind: "count", hint: "depois do vencimento" },
  { key: "lapse_after_days", label: "Caduca sem 1º pagamento, dias", kind: "count" },
  { key: "compensation_days", label: "Compensação bancária, dias", kind: "count", hint: "dias úteis de espera" },
  { key: "max_overdue_installments", label: "Parcelas em atraso para quebrar", kind: "count", hint: "de 1 a 3" },
  {
    key: "surplus_mode",
    label: "Pagamento a maior",
    kind: "choice",
    choices: [
      { value: "next", label: "abate a próxima parcela" },
      { value: "last", label: "abate a última" },
      { value: "spread", label: "espalha pelas seguintes" },
      { value: "credit", label: "devolve" },
    ],
  },
  { key: "tolerance_cents", label: "Tolera faltar, R$", kind: "cents" },
  { key: "tolerance_percent", label: "Tolera faltar, %", kind: "percent", hint: "vale o menor dos dois" },
  { key: "refund_above_cents", label: "Devolve a partir de, R$", kind: "cents" },
  { key: "manual_limit_cents", label: "Baixa manual sem 2ª pessoa até, R$", kind: "cents", hint: "0: sempre duas" },
  { key: "late_fine_percent", label: "Multa por atraso, %", kind: "percent" },
  { key: "late_interest_percent", label: "Juros por atraso ao mês, %", kind: "percent" },
  { key: "is_late_charged", label: "Cobra atraso nas parcelas", kind: "yes" },
  { key: "is_locking_at_once", label: "Tira da cobrança já na formalização", kind: "yes" },
];

export const limitFields: Field[] = [
  ...percents,
  { key: "total_percent", label: "De tudo, %", kind: "percent" },
  { key: "max_installments", label: "Máximo de parcelas", kind: "count" },
  { key: "min_installment_cents", label: "Parcela mínima, R$", kind: "cents" },
  { key: "min_down_payment_percent", label: "Entrada mínima, %", kind: "percent" },
  { key: "min_down_payment_cents", label: "Entrada mínima, R$", kind: "cents", hint: "vale a maior" },
  { key: "max_first_due_days", label: "1º vencimento em até, dias", kind: "count" },
  { key: "max_last_due_days", label: "Último em até, dias", kind: "count" },
  { key: "max_renegotiations", label: "Renegociações", kind: "count" },
  { key: "may_follow_break", label: "Pode depois de uma quebra", kind: "yes" },
];

export const templateFields: Field[] = [
  { key: "name", label: "Nome", kind: "text" },
  { key: "position", label: "Ordem", kind: "count" },
  { key: "aging_from_days", label: "Atraso de, dias", kind: "count" },
  { key: "aging_to_days", label: "Atraso até, dias", kind: "count", hint: "vazio: sem fim", isOpen: true },
  ...percents,
  { key: "max_installments", label: "Máximo de parcelas", kind: "count", hint: "1: à vista" },
  { key: "min_installment_cents", label: "Parcela mínima, R$", kind: "cents" },
  { key: "min_down_payment_percent", label: "Entrada mínima, %", kind: "percent" },
  { key: "min_down_payment_cents", label: "Entrada mínima, R$", kind: "cents" },
  { key: "financing_percent", label: "Financiamento ao mês, %", kind: "percent" },
  { key: "due_interval", label: "Parcelas", kind: "choice", choices: intervals },
  { key: "validity_days", label: "Validade, dias", kind: "count" },
  { key: "is_active", label: "Em uso", kind: "yes" },
];
