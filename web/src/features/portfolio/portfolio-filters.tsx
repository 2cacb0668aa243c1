import { Button, NativeSelect, TextInput } from "@mantine/core";
import { IconAdjustmentsHorizontal, IconSearch, IconX } from "@tabler/icons-react";
import { type ReactNode, useRef } from "react";
import type { DebtStatus } from "@/lib/client-shapes";
import { useSingleKeys } from "@/ui/single-keys";
import { Key } from "@/ui/tag";
import { type PortfolioFilter, panelFilters, withKey } from "./filter";
import classes from "./portfolio-page.module.css";
import { useFilterOptions } from "./queries";
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
  panelOpen: boolean;
  onPanel: (open: boolean) => void;
  segments: ReactNode;
}

export function PortfolioFilters(props: PortfolioFiltersProps): ReactNode {
  const { search, filter, onChange, panelOpen, onPanel, segments } = props;
  const { data: options } = useFilterOptions();
  const more = panelFilters(filter);
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
        onChange={(event) => onChange(withKey(filter, "creditor_id", event.currentTarget.value))}
        data={[
          { value: "", label: "Todos os credores" },
          ...(options?.creditors ?? []).map(({ id, name }) => ({ value: id, label: name })),
        ]}
      />
      <NativeSelect
        aria-label="Situação"
        value={filter.status ?? ""}
        onChange={(event) =>
          onChange(withKey(filter, "status", (event.currentTarget.value || undefined) as DebtStatus | undefined))
        }
        data={statusOptions}
      />
      <Button
        variant={more > 0 ? "light" : "default"}
        aria-expanded={panelOpen}
        leftSection={<IconAdjustmentsHorizontal size={15} aria-hidden />}
        onClick={() => onPanel(!panelOpen)}
      >
        Filtros{more > 0 && ` (${more})`}
      </Button>
      {segments}
      {Object.keys(filter).length > 0 && (
        <Button variant="subtle" color="gray" leftSection={<IconX size={14} />} onClick={() => onChange({})}>
          Limpar
        </Button>
      )}
    </search>
  );
}
