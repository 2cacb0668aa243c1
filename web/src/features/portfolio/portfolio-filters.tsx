import { Button, NativeSelect, TextInput } from "@mantine/core";
import { IconSearch, IconX } from "@tabler/icons-react";
import { type ReactNode, useRef } from "react";
import type { DebtStatus } from "@/lib/client-shapes";
import { useSingleKeys } from "@/ui/single-keys";
import { Key } from "@/ui/tag";
import classes from "./portfolio-page.module.css";
import { type PortfolioFilter, useCreditors } from "./queries";
import { focusFirstRow } from "./row-keys";

const statusOptions: { value: DebtStatus | ""; label: string }[] = [
  { value: "", label: "Toda situação" },
  { value: "open", label: "Em aberto" },
  { value: "in_agreement", label: "Em acordo" },
  { value: "on_hold", label: "Suspenso" },
  { value: "prescribed", label: "Prescrito" },
  { value: "settled", label: "Quitado" },
  { value: "returned", label: "Devolvido" },
];

interface PortfolioFiltersProps {
  /** As typed, spaces included. */
  search: string;
  filter: PortfolioFilter;
  onChange: (filter: PortfolioFilter) => void;
}

export function PortfolioFilters({ search, filter, onChange }: PortfolioFiltersProps): ReactNode {
  const { data: creditors = [] } = useCreditors();
  const searchRef = useRef<HTMLInputElement>(null);
  useSingleKeys((key) => {
    if (key !== "/") return false;
    searchRef.current?.focus();
    searchRef.current?.select();
    return true;
  });
  return (
    <search className={classes.filters}>
      <TextInput
        ref={searchRef}
        className={classes.search}
        aria-label="Buscar na carteira"
        placeholder="Nome, CPF/CNPJ, telefone ou contrato"
        leftSection={<IconSearch size={16} aria-hidden />}
        rightSection={<Key>/</Key>}
        value={search}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => onChange({ ...filter, q: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === "Escape" && search === "") event.currentTarget.blur();
          else if (event.key === "Escape") onChange({ ...filter, q: "" });
          else if (event.key === "ArrowDown" || event.key === "Enter") {
            event.preventDefault();
            focusFirstRow();
          }
        }}
      />
      <NativeSelect
        aria-label="Credor"
        value={filter.creditor_id ?? ""}
        onChange={(event) => onChange({ ...filter, creditor_id: event.currentTarget.value })}
        data={[
          { value: "", label: "Todos os credores" },
          ...creditors.map(({ id, name }) => ({ value: id, label: name })),
        ]}
      />
      <NativeSelect
        aria-label="Situação"
        value={filter.status ?? ""}
        onChange={(event) => {
          const status = event.currentTarget.value as DebtStatus | "";
          const { status: _dropped, ...rest } = filter;
          onChange(status ? { ...rest, status } : rest);
        }}
        data={statusOptions}
      />
      {Object.keys(filter).length > 0 && (
        <Button variant="subtle" color="gray" leftSection={<IconX size={14} />} onClick={() => onChange({})}>
          Limpar
        </Button>
      )}
    </search>
  );
}
