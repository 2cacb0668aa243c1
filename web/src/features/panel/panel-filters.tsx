import { Button, NativeSelect, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { localDate, now } from "@/lib/clock";
import { creditorChoices } from "@/lib/creditor-choices";
import { presets } from "./filter-url";
import classes from "./panel.module.css";
import { useNames } from "./queries";
import type { PanelFilter } from "./shapes";

interface PanelFiltersProps {
  filter: PanelFilter;
  onChange: (filter: PanelFilter) => void;
}

export function PanelFilters({ filter, onChange }: PanelFiltersProps): ReactNode {
  const { data: names } = useNames(true);
  const choose = (key: "creditor_id" | "operator_id" | "team_id", value: string): void => {
    const { [key]: _dropped, ...rest } = filter;
    onChange(value ? { ...rest, [key]: value } : rest);
  };
  const day = (key: "from" | "to", label: string): ReactNode => (
    <TextInput
      type="date"
      label={label}
      value={filter[key]}
      onChange={({ currentTarget: { value } }) => value && onChange({ ...filter, [key]: value })}
    />
  );
  const select = (
    key: "creditor_id" | "operator_id" | "team_id",
    label: string,
    all: string,
    options: { value: string; label: string }[],
  ): ReactNode => (
    <NativeSelect
      label={label}
      value={filter[key] ?? ""}
      data={[{ value: "", label: all }, ...options]}
      onChange={({ currentTarget: { value } }) => choose(key, value)}
    />
  );
  const known = presets(localDate(now()));
  // On a Monday, today is the week, too: one of them is shown as chosen.
  const chosen = known.find(({ from, to }) => filter.from === from && filter.to === to);
  const teams = names?.teams ?? [];
  return (
    <search className={classes.filters}>
      <fieldset className={classes.presets} aria-label="Período">
        {known.map(({ label, from, to }) => (
          <Button
            key={label}
            size="compact-sm"
            variant={chosen?.label === label ? "filled" : "default"}
            aria-pressed={chosen?.label === label}
            onClick={() => onChange({ ...filter, from, to })}
          >
            {label}
          </Button>
        ))}
      </fieldset>
      {day("from", "De")}
      {day("to", "Até")}
      {select("creditor_id", "Credor", "Todos os credores", creditorChoices(names?.creditors, [filter.creditor_id]))}
      {teams.length > 0 &&
        select(
          "team_id",
          "Equipe",
          "Todas as equipes",
          teams.map(({ id, name }) => ({ value: id, label: name })),
        )}
      {select(
        "operator_id",
        "Operador",
        "Todo mundo",
        (names?.people ?? []).map(({ user_id, display_name }) => ({ value: user_id, label: display_name })),
      )}
    </search>
  );
}
