import { NativeSelect, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./panel.module.css";
import { useNames } from "./queries";
import type { PanelFilter } from "./shapes";

export function PanelFilters({
  filter,
  onChange,
}: {
  filter: PanelFilter;
  onChange: (filter: PanelFilter) => void;
}): ReactNode {
  const { data: names } = useNames(true);
  const choose = (key: "creditor_id" | "operator_id", value: string): void => {
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
  return (
    <search className={classes.filters}>
      {day("from", "De")}
      {day("to", "Até")}
      <NativeSelect
        label="Credor"
        value={filter.creditor_id ?? ""}
        data={[
          { value: "", label: "Todos os credores" },
          ...(names?.creditors ?? []).map(({ id, name }) => ({ value: id, label: name })),
        ]}
        onChange={({ currentTarget: { value } }) => choose("creditor_id", value)}
      />
      <NativeSelect
        label="Operador"
        value={filter.operator_id ?? ""}
        data={[
          { value: "", label: "Toda a equipe" },
          ...(names?.people ?? []).map(({ user_id, display_name }) => ({ value: user_id, label: display_name })),
        ]}
        onChange={({ currentTarget: { value } }) => choose("operator_id", value)}
      />
    </search>
  );
}
