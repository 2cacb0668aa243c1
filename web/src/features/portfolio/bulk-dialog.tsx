import { Button, Modal } from "@mantine/core";
import { type ReactNode, Suspense, use } from "react";
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
import type { BulkAction, Eligibility } from "./shapes";
import { TagForm } from "./tag-form";

const titles: Record<BulkAction, string> = {
  assign: "Atribuir a um operador",
  tag: "Pôr ou tirar uma tag",
  export: "Exportar para planilha",
  whatsapp: "Enviar WhatsApp",
  dialer: "Enviar ao discador",
};

interface BulkDialogProps {
  action: BulkAction;
  selection: Selection;
  onClose: () => void;
}

/** First how many and why not the others, then the action. */
export function BulkDialog({ action, selection, onClose }: BulkDialogProps): ReactNode {
  const { data: eligibility, error } = useEligibility(selection, action);
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
        {action === "assign" && <AssignForm selection={selection} onClose={onClose} />}
        {action === "tag" && <TagForm selection={selection} onClose={onClose} />}
        {action === "export" && <ExportForm selection={selection} onClose={onClose} />}
        {action === "whatsapp" && <Later room="Disparos" onClose={onClose} />}
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

function Later({ room, onClose }: { room: string; onClose: () => void }): ReactNode {
  return (
    <>
      <p className={classes.note}>
        Esta é só a prévia: o envio em massa chega com a tela {room}. Salve o filtro como segmento para encontrar as
        mesmas pessoas lá.
      </p>
      <div className={classes.actions}>
        <Button variant="default" onClick={onClose}>
          Voltar à lista
        </Button>
      </div>
    </>
  );
}
