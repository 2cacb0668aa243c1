import { Button, TextInput } from "@mantine/core";
import { IconAdjustmentsHorizontal, IconSearch, IconX } from "@tabler/icons-react";
import { type ReactNode, useRef } from "react";
import { creditorChoices } from "@/lib/creditor-choices";
import { statusLabel } from "@/lib/filter-words";
import { useSingleKeys } from "@/ui/single-keys";
import { Key } from "@/ui/tag";
import { FacetPicker } from "./facet-picker";
import { type PortfolioFilter, panelFilters } from "./filter";
import classes from "./portfolio-page.module.css";
import { useFilterOptions } from "./queries";
import { focusFirstRow } from "./row-keys";

const statuses = ["open", "in_agreement", "on_hold", "prescribed", "settled", "returned"];

interface PortfolioFiltersProps {
  /** As typed, spaces included. */
  search: string;
  filter: PortfolioFilter;
  /** Without the word that is still being typed. */
  counted: PortfolioFilter;
  onChange: (filter: PortfolioFilter) => void;
  panelOpen: boolean;
  onPanel: (open: boolean) => void;
  segments: ReactNode;
}

export function PortfolioFilters(props: PortfolioFiltersProps): ReactNode {
  const { search, filter, counted, onChange, panelOpen, onPanel, segments } = props;
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
      <FacetPicker
        facet="creditor_id"
        title="Credor"
        choices={creditorChoices(options?.creditors, filter.creditor_id)}
        {...{ counted, filter, onChange }}
      />
      <FacetPicker
        facet="status"
        title="Situação"
        choices={statuses.map((value) => ({ value, label: statusLabel(value) }))}
        {...{ counted, filter, onChange }}
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
