import { Button, NativeSelect, TextInput } from "@mantine/core";
import { IconSearch, IconX } from "@tabler/icons-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { DebtStatus } from "@/lib/client-shapes";
import { useSingleKeys } from "@/ui/single-keys";
import { Key } from "@/ui/tag";
import classes from "./portfolio-page.module.css";
import { type PortfolioFilter, useCreditors } from "./queries";
import { focusFirstRow } from "./row-keys";

/** A fast typist's pause between two keys; below it a query per letter would be asked for nothing. */
const typingPauseMs = 180;

const statusOptions: { value: DebtStatus | ""; label: string }[] = [
  { value: "", label: "Toda situação" },
  { value: "open", label: "Em aberto" },
  { value: "settled", label: "Quitado" },
  { value: "returned", label: "Devolvido" },
];

interface PortfolioFiltersProps {
  filter: PortfolioFilter;
  onChange: (filter: PortfolioFilter) => void;
}

export function PortfolioFilters({ filter, onChange }: PortfolioFiltersProps): ReactNode {
  const { data: creditors = [] } = useCreditors();
  const searchRef = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(filter.q ?? "");
  const asked = filter.q ?? "";
  const [lastAsked, setLastAsked] = useState(asked);
  if (asked !== lastAsked) {
    // The address changed by itself (back, a cleared filter): the box follows it.
    setLastAsked(asked);
    if (asked !== text.trim()) setText(asked);
  }
  useEffect(() => {
    if (text.trim() === asked) return;
    const timer = setTimeout(() => onChange({ ...filter, q: text }), typingPauseMs);
    return () => clearTimeout(timer);
  });
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
        value={text}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && text === "") event.currentTarget.blur();
          else if (event.key === "Escape") setText("");
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
