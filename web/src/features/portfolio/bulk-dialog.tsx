import { Modal } from "@mantine/core";
import { type ReactNode, Suspense, use, useState } from "react";
import { moment } from "@/lib/clock";
import { sentenceFor } from "@/lib/errors";
import { count, plural } from "@/lib/format";
import { reasonSentence } from "@/lib/reasons";
import { Skeleton } from "@/ui/states";
import "@/ui/dialog-styles";
import { AssignForm } from "./assign-form";
import classes from "./bulk-dialog.module.css";
import { DoorsContext } from "./doors";
import { ExportForm } from "./export-form";
import { useEligibility } from "./queries";
import type { Selection } from "./selection";
import type { DialogAction, Eligibility } from "./shapes";
import { TagForm } from "./tag-form";

const titles: Record<DialogAction, string> = {
  assign: "Atribuir a um operador",
  tag: "Pôr ou tirar uma tag",
  export: "Exportar para planilha",
  dialer: "Enviar ao discador",
};

interface BulkDialogProps {
  action: DialogAction;
  selection: Selection;
  onClose: () => void;
}

/** First how many and why not the others, then the action. */
export function BulkDialog({ action, selection, onClose }: BulkDialogProps): ReactNode {
  const [assignee, setAssignee] = useState<string | null>(null);
  const { data: eligibility, error } = useEligibility(selection, action, assignee);
  const { DialerForm } = use(DoorsContext);
  return (
    <Modal opened onClose={onClose} title={titles[action]}>
      <div className={classes.body}>
        {error ? (
          <p role="alert" className={classes.error}>
            {sentenceFor(error)}
          </p>
        ) : eligibility ? (
          <Preview eligibility={eligibility} />
        ) : (
          <Skeleton width="100%" height={54} />
        )}
        {action === "assign" && (
          <AssignForm
            selection={selection}
            // An estimate of nobody may still be somebody.
            mayAssign={eligibility !== undefined && (eligibility.eligible > 0 || eligibility.is_estimate)}
            onChoose={setAssignee}
            onClose={onClose}
          />
        )}
        {action === "tag" && <TagForm selection={selection} onClose={onClose} />}
        {action === "export" && <ExportForm selection={selection} onClose={onClose} />}
        {action === "dialer" && (
          <Suspense fallback={<Skeleton width="100%" height={120} />}>
            <DialerForm selection={selection} onClose={onClose} />
          </Suspense>
        )}
      </div>
    </Modal>
  );
}

function Preview({ eligibility }: { eligibility: Eligibility }): ReactNode {
  const { eligible, selected, excluded, is_estimate, next_allowed_at } = eligibility;
  return (
    <section aria-label="Quem entra" aria-live="polite">
      <p>
        {is_estimate && "Cerca de "}
        <strong className="num">{count(eligible)}</strong> de {plural(selected, "cliente", "clientes")}{" "}
        {eligible === 1 ? "pode entrar" : "podem entrar"}.
      </p>
      {excluded.length > 0 && (
        <>
          <h3>Ficam de fora</h3>
          <ul className={classes.excluded}>
            {excluded.map(({ reason, count: people }) => (
              <li key={reason}>
                <strong className="num">{count(people)}</strong> {reasonSentence(reason)}
              </li>
            ))}
          </ul>
        </>
      )}
      {next_allowed_at && <p className={classes.note}>O horário permitido recomeça {moment(next_allowed_at)}.</p>}
    </section>
  );
}
