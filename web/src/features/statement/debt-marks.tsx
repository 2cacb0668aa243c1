import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { StatementDebt } from "@/lib/money-shapes";
import { useHasRole } from "@/lib/session";
import { AskDialog } from "@/ui/ask-dialog";
import { type Mark, markDebt } from "./queries";
import classes from "./statement-dialog.module.css";

const words: Record<Mark, { title: string; action: string; explain: string }> = {
  hold: {
    title: "Suspender por disputa",
    action: "Suspender",
    explain: "Ninguém cobra este título, nem o discador nem as mensagens, até um supervisor liberar.",
  },
  release: {
    title: "Liberar o título",
    action: "Liberar",
    explain: "A disputa acabou: o título volta a ser cobrado e pode entrar em acordo.",
  },
  override: {
    title: "Negociar apesar da prescrição",
    action: "Liberar para negociar",
    explain:
      "A dívida passou de cinco anos (Código Civil, art. 206 §5º). O cliente pode querer pagar; o motivo fica registrado.",
  },
};

/** What a title is closed for, and who may open it. */
export function DebtMarks({ clientId, debt }: { clientId: string; debt: StatementDebt }): ReactNode {
  const queryClient = useQueryClient();
  const isSupervisor = useHasRole("supervisor");
  const isAdmin = useHasRole("admin");
  const [asking, setAsking] = useState<Mark | null>(null);
  const isClosed = debt.is_prescribed || debt.status === "prescribed";
  const again = async (): Promise<void> => {
    await queryClient.invalidateQueries({ queryKey: ["statement", clientId] });
    await queryClient.invalidateQueries({ queryKey: ["service", clientId] });
    await queryClient.invalidateQueries({ queryKey: ["negotiation", clientId] });
    await queryClient.invalidateQueries({ queryKey: ["client"] });
  };
  return (
    <div className={classes.marks}>
      {isClosed && (
        <span>
          Prescrito: fora da cobrança ativa. {!isAdmin && "Só um administrador pode liberar para negociar, com motivo."}
        </span>
      )}
      {debt.status === "on_hold" && (
        <span>Em disputa: ninguém cobra. {!isSupervisor && "Um supervisor precisa liberar."}</span>
      )}
      {isClosed && isAdmin && (
        <Button size="compact-sm" variant="default" onClick={() => setAsking("override")}>
          Negociar apesar da prescrição
        </Button>
      )}
      {debt.status === "on_hold" && isSupervisor && (
        <Button size="compact-sm" variant="default" onClick={() => setAsking("release")}>
          Liberar
        </Button>
      )}
      {debt.status === "open" && (
        <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setAsking("hold")}>
          Cliente contesta: suspender
        </Button>
      )}
      {asking && (
        <AskDialog
          title={words[asking].title}
          action={words[asking].action}
          run={({ reason }) => markDebt(asking, debt.debt_id, reason)}
          onDone={again}
          onClose={() => setAsking(null)}
        >
          <p>
            {debt.contract}, parcela {debt.installment}. {words[asking].explain}
          </p>
        </AskDialog>
      )}
    </div>
  );
}
