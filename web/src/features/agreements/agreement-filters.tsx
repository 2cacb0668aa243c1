import { NativeSelect, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { creditorChoices } from "@/lib/creditor-choices";
import { agreementStatusNames } from "@/lib/money-shapes";
import classes from "./agreements.module.css";
import { useFilterNames } from "./queries";
import type { AgreementFilter } from "./shapes";

interface AgreementFiltersProps {
  /** With the search as it stands, typed or settled. */
  filter: AgreementFilter;
  search: string;
  onSearch: (typed: string) => void;
  onChange: (filter: AgreementFilter) => void;
}

type Day = "due_from" | "due_to" | "created_from" | "created_to";
type Choice = "status" | "creditor_id" | "template_id";

export function AgreementFilters({ filter, search, onSearch, onChange }: AgreementFiltersProps): ReactNode {
  const { data: names } = useFilterNames();
  const put = (key: Day | Choice | "created_by", value: string): void => {
    const { [key]: _dropped, ...rest } = filter;
    onChange(value ? { ...rest, [key]: value } : rest);
  };
  const day = (key: Day, words: string, name: string): ReactNode => (
    <div className={classes.mine}>
      <span aria-hidden>{words}</span>
      <TextInput
        type="date"
        aria-label={name}
        value={filter[key] ?? ""}
        onChange={({ currentTarget: { value } }) => put(key, value)}
      />
    </div>
  );
  const choice = (key: Choice, name: string, everything: string, options: [string, string][]): ReactNode => (
    <NativeSelect
      aria-label={name}
      value={filter[key] ?? ""}
      data={[{ value: "", label: everything }, ...options.map(([value, label]) => ({ value, label }))]}
      onChange={({ currentTarget: { value } }) => put(key, value)}
    />
  );
  return (
    <search className={classes.filters}>
      <TextInput
        aria-label="Buscar acordos"
        placeholder="Nome, CPF/CNPJ, telefone ou contrato"
        value={search}
        autoComplete="off"
        onChange={(event) => onSearch(event.currentTarget.value)}
        onBlur={() => onChange(filter)}
      />
      {choice("status", "Situação", "Toda situação", Object.entries(agreementStatusNames))}
      {choice(
        "creditor_id",
        "Credor",
        "Todo credor",
        creditorChoices(names?.creditors, [filter.creditor_id]).map(({ value, label }) => [value, label]),
      )}
      {choice("template_id", "Modelo de oferta", "Toda oferta", names?.templates ?? [])}
      {day("due_from", "Vence de", "Vence de")}
      {day("due_to", "até", "Vence até")}
      {day("created_from", "Criado de", "Criado de")}
      {day("created_to", "até", "Criado até")}
      <label className={classes.mine}>
        <input
          type="checkbox"
          checked={filter.created_by === "me"}
          onChange={({ currentTarget: { checked } }) => put("created_by", checked ? "me" : "")}
        />
        só os meus
      </label>
    </search>
  );
}
