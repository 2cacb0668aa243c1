import { type AgreementStatus, agreementStatusNames } from "@/lib/money-shapes";
import type { AgreementFilter } from "./shapes";

/** The filter is the address, so that a link can be shared and "back" brings it again. */
export function filterFromUrl(params: URLSearchParams): AgreementFilter {
  const q = params.get("busca")?.trim();
  const status = params.get("situacao");
  const from = params.get("vence-de");
  const to = params.get("vence-ate");
  return {
    ...(q && { q }),
    ...(status && status in agreementStatusNames && { status: status as AgreementStatus }),
    ...(params.get("meus") === "sim" && { created_by: "me" as const }),
    ...(isDay(from) && { due_from: from }),
    ...(isDay(to) && { due_to: to }),
  };
}

export function filterToUrl(filter: AgreementFilter): URLSearchParams {
  const params = new URLSearchParams();
  if (filter.q) params.set("busca", filter.q);
  if (filter.status) params.set("situacao", filter.status);
  if (filter.created_by) params.set("meus", "sim");
  if (filter.due_from) params.set("vence-de", filter.due_from);
  if (filter.due_to) params.set("vence-ate", filter.due_to);
  return params;
}

function isDay(text: string | null): text is string {
  return text !== null && /^\d{4}-\d{2}-\d{2}$/.test(text);
}
