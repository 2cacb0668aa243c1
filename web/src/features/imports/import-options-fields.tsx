import { NativeSelect } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./import-dialog.module.css";
import { useCreditors } from "./queries";
import type { ImportOptions } from "./shapes";

interface ImportOptionsFieldsProps {
  options: ImportOptions;
  onChange: (next: Partial<ImportOptions>) => void;
  disabled: boolean;
}

export function ImportOptionsFields({ options, onChange, disabled }: ImportOptionsFieldsProps): ReactNode {
  const { data: creditors = [] } = useCreditors();
  return (
    <div className={classes.options}>
      <NativeSelect
        label="Credor"
        description="Usado nas linhas em que o arquivo não tem uma coluna de credor."
        value={options.creditor}
        disabled={disabled}
        onChange={(event) => onChange({ creditor: event.currentTarget.value })}
        data={[
          { value: "", label: "O arquivo tem a coluna" },
          ...creditors.map(({ id, name }) => ({ value: id, label: name })),
        ]}
      />
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
