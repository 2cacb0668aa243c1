import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { sentenceFor } from "@/lib/errors";
import classes from "./bulk-dialog.module.css";
import { exportClients } from "./queries";
import type { Selection } from "./selection";
import { useBulk } from "./use-bulk";

export function ExportForm({ selection, onClose }: { selection: Selection; onClose: () => void }): ReactNode {
  const { mutate, isPending, error } = useBulk(
    () => exportClients(selection),
    () => "O download começou. O arquivo fica na pasta de downloads.",
    onClose,
  );
  return (
    <>
      <p className={classes.note}>
        O arquivo CSV abre no Excel e traz os dados pessoais destes clientes. A exportação fica registrada na auditoria.
      </p>
      {error && (
        <p role="alert" className={classes.error}>
          {sentenceFor(error)}
        </p>
      )}
      <div className={classes.actions}>
        <Button variant="default" onClick={onClose}>
          Cancelar
        </Button>
        <Button loading={isPending} onClick={() => mutate(undefined)}>
          Baixar planilha
        </Button>
      </div>
    </>
  );
}
