import { defaultSort, type ListKey, type PortfolioFilter, type Sort, type SortColumn } from "./filter";

const statusWords: Record<string, string> = {
  open: "aberto",
  in_agreement: "em-acordo",
  on_hold: "suspenso",
  prescribed: "prescrito",
  settled: "quitado",
  returned: "devolvido",
};
const agreementWords: Record<string, string> = {
  none: "sem",
  living: "em-andamento",
  pending_approval: "aguarda-aprovacao",
  rejected: "recusado",
  expired: "vencido",
  awaiting_first_payment: "aguarda-pagamento",
  active: "em-dia",
  overdue: "em-atraso",
  broken_provisionally: "quebra-provisoria",
  broken: "quebrado",
  settled: "quitado",
  cancelled: "cancelado",
  replaced: "renegociado",
  lapsed: "caducado",
};
/** Where the database's words are not for people's addresses. */
const valueWords: Partial<Record<ListKey, Record<string, string>>> = { status: statusWords, agreement: agreementWords };

const listWords: Record<ListKey, string> = {
  creditor_id: "credor",
  status: "situacao",
  agreement: "acordo",
  aging: "atraso",
  uf: "uf",
  last_disposition: "tabulacao",
  has_whatsapp: "whatsapp",
  tag_id: "tag",
  assigned_to: "responsavel",
};
const textWords = { q: "busca", import_id: "importacao" } as const;
const flagWords = { has_phone: "telefone", opted_out: "bloqueado" } as const;
const rangeWords = {
  open_cents: { min: "valor-de", max: "valor-ate" },
  due_on: { from: "vence-de", to: "vence-ate" },
  last_contact: { after: "contato-de", before: "contato-antes", never: "sem-contato" },
} as const;
const sortWords: Record<SortColumn, string> = {
  name: "nome",
  document: "documento",
  creditor: "credor",
  phone: "telefone",
  open_debts: "titulos",
  open_cents: "valor",
  oldest_due_on: "vencimento",
  last_contact_at: "contato",
  created_at: "entrada",
};
const sortParameter = "ordem";

function entries<Key extends string, Value>(record: Readonly<Record<Key, Value>>): [Key, Value][] {
  return Object.entries(record) as [Key, Value][];
}

/** The filter is the address, so that a link can be shared and "back" brings it again. What is no filter goes to the
 * database all the same, which refuses it: a mistyped link must not show (or select) the whole carteira. */
export function filterFromUrl(params: URLSearchParams): PortfolioFilter {
  const filter: Record<string, unknown> = {};
  const left = new URLSearchParams(params);
  const take = (word: string): string => {
    const value = left.get(word)?.trim() ?? "";
    left.delete(word);
    return value;
  };
  for (const [key, word] of entries(textWords)) {
    const value = take(word);
    if (value) filter[key] = value;
  }
  for (const [key, word] of entries(listWords)) {
    const values = take(word).split(",").filter(Boolean);
    if (values.length > 0) filter[key] = values.map((value) => meantBy(key, value));
  }
  for (const [key, word] of entries(flagWords)) {
    const value = take(word);
    if (value) filter[key] = value === "sim" ? true : value === "nao" ? false : value;
  }
  for (const [key, words] of entries<string, Record<string, string>>(rangeWords)) {
    const range: Record<string, unknown> = {};
    for (const [end, word] of entries(words)) {
      const value = take(word);
      if (value)
        range[end] = key === "open_cents" ? numberOr(value) : end === "never" && value === "sim" ? true : value;
    }
    if (Object.keys(range).length > 0) filter[key] = range;
  }
  left.delete(sortParameter);
  const unknown = [...left.keys()][0];
  if (unknown) filter.unknown_address = unknown;
  return filter as PortfolioFilter;
}

/** What is no number stays text, which the database refuses: as JSON, NaN would be an absent bound. */
function numberOr(value: string): number | string {
  const number = Number(value);
  return Number.isFinite(number) ? number : value;
}

function meantBy(key: ListKey, word: string): string {
  return entries(valueWords[key] ?? {}).find(([, known]) => known === word)?.[0] ?? word;
}

/** A segment saved before a filter took several values holds one alone. */
function many(values: string[] | string | undefined): string[] {
  return values === undefined ? [] : [values].flat();
}

export function sortFromUrl(params: URLSearchParams): Sort {
  const word = params.get(sortParameter) ?? "";
  const column = entries(sortWords).find(([, known]) => known === word.replace("-", ""))?.[0];
  if (!column) return defaultSort;
  return word.startsWith("-") ? `-${column}` : column;
}

export function filterToUrl(filter: PortfolioFilter, sort: Sort = defaultSort): URLSearchParams {
  const params = new URLSearchParams();
  for (const [key, word] of entries(textWords)) if (filter[key]) params.set(word, filter[key]);
  for (const [key, word] of entries(listWords)) {
    const values = many(filter[key]).map((value) => valueWords[key]?.[value] ?? value);
    if (values.length > 0) params.set(word, values.join(","));
  }
  for (const [key, word] of entries(flagWords))
    if (filter[key] !== undefined) params.set(word, filter[key] ? "sim" : "nao");
  for (const [key, words] of entries<keyof typeof rangeWords, Record<string, string>>(rangeWords)) {
    const range = (filter[key] ?? {}) as Record<string, unknown>;
    for (const [end, word] of entries(words))
      if (range[end] !== undefined) params.set(word, range[end] === true ? "sim" : String(range[end]));
  }
  if (sort !== defaultSort) {
    const column = sort.replace("-", "") as SortColumn;
    params.set(sortParameter, `${sort.startsWith("-") ? "-" : ""}${sortWords[column]}`);
  }
  return params;
}
