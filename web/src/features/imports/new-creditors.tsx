import type { ReactNode } from "react";
import { plural } from "@/lib/format";
import { useHasRole } from "@/lib/session";
import classes from "./import-dialog.module.css";
import { leavesCreditorColumn } from "./mapping";
import type { Preview } from "./shapes";

/** Only an admin's import makes creditors; everybody else is told before sending, not after. */
export function useRefusedCreditors(preview: Preview | undefined, changed: Record<string, string>): boolean {
  const mayCreate = useHasRole("admin");
  return !mayCreate && preview !== undefined && newCreditors(preview, changed).length > 0;
}

function newCreditors(preview: Preview, changed: Record<string, string>): string[] {
  return leavesCreditorColumn(preview, changed) ? [] : preview.new_creditors;
}

interface NewCreditorsProps {
  preview: Preview;
  /** What the person said of the columns. */
  changed: Record<string, string>;
}

export function NewCreditors({ preview, changed }: NewCreditorsProps): ReactNode {
  const refused = useRefusedCreditors(preview, changed);
  const names = newCreditors(preview, changed);
  if (names.length === 0) return null;
  const listed = names.join("; ");
  return refused ? (
    <p role="alert" className={classes.error}>
      {plural(names.length, "credor do arquivo não está cadastrado", "credores do arquivo não estão cadastrados")}:{" "}
      {listed}. Peça a um administrador que importe este arquivo, ou corrija a coluna de credor.
    </p>
  ) : (
    <p className={classes.note}>
      Esta importação cadastra {plural(names.length, "credor novo", "credores novos")}: {listed}.
    </p>
  );
}
