import type { PortfolioFilter } from "./queries";

const statusWords = {
  open: "aberto",
  in_agreement: "em-acordo",
  on_hold: "suspenso",
  prescribed: "prescrito",
  settled: "quitado",
  returned: "devolvido",
} as const;

/** The filter is the address, so that a link can be shared and "back" brings it again. */
export function filterFromUrl(params: URLSearchParams): PortfolioFilter {
  const q = params.get("busca")?.trim();
  const creditorId = params.get("credor");
  const word = params.get("situacao");
  const status = (Object.keys(statusWords) as (keyof typeof statusWords)[]).find((key) => statusWords[key] === word);
  return { ...(q && { q }), ...(creditorId && { creditor_id: creditorId }), ...(status && { status }) };
}

export function filterToUrl(filter: PortfolioFilter): URLSearchParams {
  const params = new URLSearchParams();
  if (filter.q) params.set("busca", filter.q);
  if (filter.creditor_id) params.set("credor", filter.creditor_id);
  if (filter.status) params.set("situacao", statusWords[filter.status]);
  return params;
}
