import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { roleNames } from "@/lib/session";
import classes from "./negotiation.module.css";
import type { ProposalAnswer } from "./queries";

interface OutcomeProps {
  answer: Exclude<ProposalAnswer, { outcome: "repriced" }>;
  href: string;
}

export function Outcome({ answer, href }: OutcomeProps): ReactNode {
  const isActive = answer.outcome === "active";
  return (
    <div role="status" className={classes.verdict} data-tone={isActive ? "good" : "warn"}>
      <strong>{isActive ? "Acordo fechado" : "Enviado para aprovação"}</strong>
      <p>
        {isActive
          ? "As parcelas já podem ser cobradas."
          : `Decide quem tem o perfil de ${roleNames[answer.approval_role ?? "supervisor"]}. Nenhuma cobrança sai antes.`}
      </p>
      <Button component={Link} href={href} variant="default">
        Ver o acordo
      </Button>
    </div>
  );
}
