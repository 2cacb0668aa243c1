import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { sentenceFor } from "@/lib/errors";
import { plural } from "@/lib/format";
import classes from "./bulk-dialog.module.css";
import { exportClients, useExportOutcome } from "./queries";
import type { Selection } from "./selection";
import type { ExportOutcome } from "./shapes";

/** Stays until the file is whole: half of one opens in a spreadsheet as if it were all. */
export function ExportForm({ selection, onClose }: { selection: Selection; onClose: () => void }): ReactNode {
  const { mutate, data: run, isPending, error } = useMutation({ mutationFn: () => exportClients(selection) });
  const outcome = useExportOutcome(isPending ? null : (run ?? null));
  const torn = outcome?.state === "incomplete";
  const refused = outcome?.state === "refused";
  const ended = torn || refused || outcome?.state === "complete";
  const begun = run !== undefined && !isPending;
  return (
    <>
      <p className={classes.note}>
        O arquivo CSV abre no Excel e traz os dados pessoais destes clientes. A exportação fica registrada na auditoria.
      </p>
      {(error || torn || refused) && (
        <p role="alert" className={classes.error}>
          {error && sentenceFor(error)}
          {torn && "O download parou no meio e o arquivo ficou incompleto. Apague-o e baixe de novo."}
          {refused && "O download não chegou a começar. Tente de novo."}
        </p>
      )}
      {begun && !torn && !refused && <p role="status">{howItGoes(outcome)}</p>}
      <div className={classes.actions}>
        <Button variant="default" onClick={onClose}>
          {begun ? "Fechar" : "Cancelar"}
        </Button>
        <Button loading={isPending || (begun && !ended)} onClick={() => mutate()}>
          {ended ? "Baixar de novo" : "Baixar planilha"}
        </Button>
      </div>
    </>
  );
}

function howItGoes(outcome: ExportOutcome | undefined): string {
  if (outcome?.state !== "complete") return "O download começou. Aqui você verá se o arquivo saiu inteiro.";
  const clients = plural(outcome.clients ?? 0, "cliente", "clientes");
  return `O arquivo saiu inteiro, com ${clients}. O navegador termina de salvá-lo na pasta de downloads.`;
}
