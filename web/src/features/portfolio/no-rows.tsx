import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useHasRole } from "@/lib/session";
import { EmptyState } from "@/ui/states";

export function NoRows({ filtered, onClear }: { filtered: boolean; onClear: () => void }): ReactNode {
  const mayImport = useHasRole("supervisor");
  if (filtered)
    return (
      <EmptyState
        title="Ninguém corresponde a este filtro"
        action={
          <Button variant="default" onClick={onClear}>
            Limpar filtro
          </Button>
        }
      >
        Procure por nome, CPF ou CNPJ, telefone ou contrato, inteiros ou só o começo.
      </EmptyState>
    );
  return (
    <EmptyState title="A carteira está vazia">
      {mayImport
        ? "Importe a planilha de um credor para começar."
        : "Assim que um supervisor importar uma carteira, os clientes aparecem aqui."}
    </EmptyState>
  );
}
