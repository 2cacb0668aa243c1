import type { ReactNode } from "react";
import { plural } from "@/lib/format";
import { useHasRole } from "@/lib/session";
import classes from "./import-dialog.module.css";
import type { Preview } from "./shapes";

/** Only an admin's import makes creditors; everybody else is told before sending, not after. */
export function useRefusedCreditors(preview: Preview | undefined): boolean {
  const mayCreate = useHasRole("admin");
  return !mayCreate && (preview?.new_creditors.length ?? 0) > 0;
}

export function NewCreditors({ preview }: { preview: Preview }): ReactNode {
  const refused = useRefusedCreditors(preview);
  const names = preview.new_creditors;
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
