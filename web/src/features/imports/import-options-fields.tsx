import { NativeSelect, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { creditorChoices } from "@/lib/creditor-choices";
import { useHasRole } from "@/lib/session";
import classes from "./import-dialog.module.css";
import { useCreditors } from "./queries";
import type { ImportOptions } from "./shapes";

interface ImportOptionsFieldsProps {
  options: ImportOptions;
  onChange: (next: Partial<ImportOptions>) => void;
  disabled: boolean;
}

/** In the list of creditors: one that is not in it yet. */
const another = "new";

export function ImportOptionsFields({ options, onChange, disabled }: ImportOptionsFieldsProps): ReactNode {
  const { data: creditors } = useCreditors();
  const mayCreate = useHasRole("admin");
  return (
    <div className={classes.options}>
      <NativeSelect
        label="Credor"
        description="Usado nas linhas em que o arquivo não tem uma coluna de credor."
        value={options.newCreditor === null ? options.creditor : another}
        disabled={disabled}
        onChange={(event) => {
          const { value } = event.currentTarget;
          onChange(value === another ? { creditor: "", newCreditor: "" } : { creditor: value, newCreditor: null });
        }}
        data={[
          { value: "", label: "O arquivo tem a coluna" },
          ...creditorChoices(creditors, [options.creditor]),
          ...(mayCreate ? [{ value: another, label: "Credor novo…" }] : []),
        ]}
      />
      {options.newCreditor !== null && (
        <TextInput
          label="Nome do credor novo"
          description="A importação o cadastra com este nome."
          required
          maxLength={200}
          value={options.newCreditor}
          disabled={disabled}
          onChange={(event) => onChange({ newCreditor: event.currentTarget.value })}
        />
      )}
      <NativeSelect
        label="Títulos que não vieram no arquivo"
        description="Títulos em aberto dos mesmos credores, ausentes desta remessa."
        value={options.absent}
        disabled={disabled}
        onChange={(event) => onChange({ absent: event.currentTarget.value === "return" ? "return" : "leave" })}
        data={[
          { value: "leave", label: "Deixar como estão" },
          { value: "return", label: "Encerrar como devolvidos" },
        ]}
      />
    </div>
  );
}
