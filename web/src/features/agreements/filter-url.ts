import type { AgreementFilter } from "./shapes";

const words: Record<keyof AgreementFilter, string> = {
  q: "busca",
  status: "situacao",
  creditor_id: "credor",
  template_id: "oferta",
  due_from: "vence-de",
  due_to: "vence-ate",
  created_from: "criado-de",
  created_to: "criado-ate",
  created_by: "meus",
};
const keys = Object.keys(words) as (keyof AgreementFilter)[];

/** The filter is the address, so that a link can be shared and "back" brings it again. What it says goes to the server
 * as it is: a value that does not exist is refused there, and never becomes the list of everything. */
export function filterFromUrl(params: URLSearchParams): AgreementFilter {
  const said = keys.map((key) => [key, params.get(words[key])?.trim()] as const).filter(([, value]) => value);
  return Object.fromEntries(said.map(([key, value]) => [key, value === "sim" && key === "created_by" ? "me" : value]));
}

export function filterToUrl(filter: AgreementFilter): URLSearchParams {
  const params = new URLSearchParams();
  for (const key of keys) {
    const value = filter[key];
    if (value) params.set(words[key], key === "created_by" && value === "me" ? "sim" : value);
  }
  return params;
}
