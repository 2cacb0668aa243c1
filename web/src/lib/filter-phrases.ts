import type { PortfolioFilter } from "@/lib/client-filter";
import { agingLabel, agreementLabel, statusLabel, whatsappLabel } from "@/lib/filter-words";
import { day, money } from "@/lib/format";

/** What ids and keys of a filter are called; of what is not known, nothing better than "outro" can be said. */
export interface FilterNames {
  creditors: { id: string; name: string }[];
  tags: { id: string; name: string }[];
  members: { user_id: string; name: string }[];
  dispositions: { key: string; label: string }[];
}

const nobody: FilterNames = { creditors: [], tags: [], members: [], dispositions: [] };

/** A filter in words, part by part: ["credor Banco Aurora", "atraso de 61 a 90 dias"]. */
export function filterPhrases(filter: PortfolioFilter, names: FilterNames = nobody): string[] {
  const named = <Of>(list: Of[], isIt: (each: Of, value: string) => boolean, text: (each: Of) => string) => {
    return (value: string): string => {
      const found = list.find((each) => isIt(each, value));
      return found ? text(found) : "outro";
    };
  };
  const creditor = named(
    names.creditors,
    ({ id }, value) => id === value,
    ({ name }) => name,
  );
  const tag = named(
    names.tags,
    ({ id }, value) => id === value,
    ({ name }) => name,
  );
  const member = named(
    names.members,
    ({ user_id }, value) => user_id === value,
    ({ name }) => name,
  );
  const disposition = named(
    names.dispositions,
    ({ key }, value) => key === value,
    ({ label }) => label,
  );
  const contact = filter.last_contact;
  return [
    filter.q && `busca “${filter.q}”`,
    list("credor", filter.creditor_id, creditor),
    list("situação", filter.status, (value) => lower(statusLabel(value))),
    list("atraso de", filter.aging, (value) => lower(agingLabel(value))),
    range("em aberto", filter.open_cents?.min, filter.open_cents?.max, money),
    range("vencimento mais antigo", filter.due_on?.from, filter.due_on?.to, day),
    list("UF", filter.uf, (value) => value),
    contact?.never && "nunca contatado",
    range("último contato", contact?.after, contact?.before, day),
    list("última tabulação", filter.last_disposition, disposition),
    list("", filter.has_whatsapp, (value) =>
      value === "unknown" ? "sem saber se tem WhatsApp" : lower1(whatsappLabel(value)),
    ),
    filter.has_phone !== undefined && (filter.has_phone ? "com telefone" : "sem telefone"),
    filter.opted_out !== undefined && (filter.opted_out ? "pediu para não ser contatado" : "não pediu para parar"),
    list("", filter.agreement, agreementPhrase),
    filter.import_id && "de uma importação",
    list("tag", filter.tag_id, tag),
    list("responsável", filter.assigned_to, (value) => (value === "none" ? "ninguém" : member(value))),
  ].filter((phrase): phrase is string => Boolean(phrase));
}

function agreementPhrase(value: string): string {
  if (value === "none") return "sem acordo em andamento";
  return value === "living" ? "com acordo em andamento" : `acordo ${lower(agreementLabel(value))}`;
}

function lower(text: string): string {
  return text.toLowerCase();
}

/** Keeps the name of WhatsApp. */
function lower1(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function list(word: string, values: string[] | undefined, name: (value: string) => string): string | undefined {
  if (!values || values.length === 0) return undefined;
  const said = values.map(name);
  const last = said.pop();
  return `${word} ${said.length > 0 ? `${said.join(", ")} ou ${last}` : last}`.trim();
}

function range<Value>(
  word: string,
  from: Value | undefined,
  to: Value | undefined,
  text: (value: Value) => string,
): string | undefined {
  if (from !== undefined && to !== undefined) return `${word} de ${text(from)} a ${text(to)}`;
  if (from !== undefined) return `${word} a partir de ${text(from)}`;
  return to === undefined ? undefined : `${word} até ${text(to)}`;
}
