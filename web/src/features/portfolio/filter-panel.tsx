import type { ReactNode } from "react";
import { moment } from "@/lib/clock";
import { agingLabel, agreementLabel, whatsappLabel } from "@/lib/filter-words";
import { plural } from "@/lib/format";
import { type Choice, type ListKey, type PortfolioFilter, withKey } from "./filter";
import { DateRange, FacetList, MoneyRange, OneOf, YesNo } from "./filter-fields";
import classes from "./filter-panel.module.css";
import { useFilterCounts, useFilterOptions } from "./queries";

interface FilterPanelProps {
  /** Without the word that is still being typed. */
  counted: PortfolioFilter;
  filter: PortfolioFilter;
  onChange: (filter: PortfolioFilter) => void;
  /** A rule is nobody: it has no "mine". */
  hasMe?: boolean;
}

export function FilterPanel({ counted, filter, onChange, hasMe = true }: FilterPanelProps): ReactNode {
  const { data: options } = useFilterOptions();
  const { data: counts } = useFilterCounts(counted);
  const set = <Key extends keyof PortfolioFilter>(key: Key, value: PortfolioFilter[Key] | undefined): void =>
    onChange(withKey(filter, key, value));
  const list = (key: Exclude<ListKey, "creditor_id" | "status">) => ({
    chosen: filter[key] ?? [],
    counts: counts?.facets[key],
    isEstimate: counts?.is_estimate,
    onChange: (values: string[]) => set(key, values),
  });
  const contact = filter.last_contact ?? {};
  const due = filter.due_on ?? {};
  return (
    <aside className={classes.panel} aria-label="Filtros">
      {counts?.is_estimate && <p className={classes.note}>Contagens estimadas.</p>}
      <FacetList title="Faixa de atraso" choices={named(options?.agings, agingLabel)} {...list("aging")} />
      <MoneyRange title="Em aberto" range={filter.open_cents ?? {}} onChange={(range) => set("open_cents", range)} />
      <DateRange
        title="Vencimento mais antigo"
        ends={[
          ["Vence a partir de", due.from, (from) => set("due_on", defined({ ...due, from }))],
          ["Vence até", due.to, (to) => set("due_on", defined({ ...due, to }))],
        ]}
      />
      <FacetList title="UF" choices={named(options?.ufs, (uf) => uf)} hidesEmpty {...list("uf")} />
      <DateRange
        title="Último contato"
        disabled={contact.never}
        ends={[
          ["Contato a partir de", contact.after, (after) => set("last_contact", defined({ ...contact, after }))],
          ["Contato antes de", contact.before, (before) => set("last_contact", defined({ ...contact, before }))],
        ]}
      />
      <FacetList
        title="Sem contato"
        hidesTitle
        choices={[{ value: "never", label: "Nunca contatado" }]}
        counts={counts?.facets.last_contact}
        isEstimate={counts?.is_estimate}
        chosen={contact.never ? ["never"] : []}
        onChange={(values) => set("last_contact", values.length > 0 ? { never: true } : undefined)}
      />
      <FacetList
        title="Última tabulação"
        choices={options?.dispositions.map(({ key, label }) => ({ value: key, label }))}
        {...list("last_disposition")}
      />
      <FacetList
        title="WhatsApp"
        choices={named(["true", "unknown", "false"], whatsappLabel)}
        {...list("has_whatsapp")}
      />
      <YesNo
        title="Telefone"
        words={["Com telefone", "Sem telefone"]}
        value={filter.has_phone}
        counts={counts?.facets.has_phone}
        isEstimate={counts?.is_estimate}
        onChange={(value) => set("has_phone", value)}
      />
      <YesNo
        title="Pediu para não ser contatado"
        words={["Pediu", "Não pediu"]}
        value={filter.opted_out}
        counts={counts?.facets.opted_out}
        isEstimate={counts?.is_estimate}
        onChange={(value) => set("opted_out", value)}
      />
      <FacetList
        title="Acordo"
        choices={named(options?.agreements, agreementLabel)}
        hidesEmpty
        {...list("agreement")}
      />
      <FacetList
        title="Tag"
        choices={options?.tags.map(({ id, name }) => ({ value: id, label: name }))}
        {...list("tag_id")}
      />
      <FacetList
        title="Responsável"
        choices={[
          ...(hasMe ? [{ value: "me", label: "Eu" }] : []),
          { value: "none", label: "Ninguém" },
          ...(options?.members ?? []).map(({ user_id, name }) => ({ value: user_id, label: name })),
        ]}
        {...list("assigned_to")}
      />
      <OneOf
        title="Importação"
        choices={options?.imports.map((each) => ({
          value: each.id,
          label: [
            each.file_name ?? "Envio por API",
            moment(each.created_at),
            ...(each.clients === null ? [] : [plural(each.clients, "cliente", "clientes")]),
          ].join(" · "),
        }))}
        value={filter.import_id}
        onChange={(value) => set("import_id", value)}
      />
    </aside>
  );
}

function named(values: string[] | undefined, label: (value: string) => string): Choice[] | undefined {
  return values?.map((value) => ({ value, label: label(value) }));
}

/** Without the ends that were emptied; a choice of dates is no longer "never". */
function defined<Range extends object>(range: Range): Range {
  return Object.fromEntries(
    Object.entries(range).filter(([key, value]) => value !== undefined && value !== "" && key !== "never"),
  ) as Range;
}
