import { Button, CloseButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef } from "react";
import { EmptyState, ErrorState, Skeleton } from "@/ui/states";
import { Key } from "@/ui/tag";
import classes from "./negotiation.module.css";
import { Negotiator } from "./negotiator";
import { negotiationQuery } from "./queries";

interface NegotiationPanelProps {
  clientId: string;
  onClose: () => void;
  agreementHref: (agreementId: string) => string;
}

/** Beside the call, not over it: the outcome's digits go on working while nobody types here. */
export function NegotiationPanel({ clientId, onClose, agreementHref }: NegotiationPanelProps): ReactNode {
  const { data: context, error, refetch } = useQuery(negotiationQuery(clientId));
  const panel = useRef<HTMLElement>(null);
  useEffect(() => panel.current?.focus(), []);
  return (
    <section
      ref={panel}
      className={classes.panel}
      aria-label="Negociação"
      tabIndex={-1}
      onKeyDown={(event) => {
        // The draft is kept: closing loses nothing.
        if (event.key === "Escape") onClose();
      }}
    >
      <header className={classes.head}>
        <h2>Negociação</h2>
        <Key>Alt+S</Key>
        <CloseButton aria-label="Fechar a negociação" onClick={onClose} />
      </header>
      <div className={classes.body}>
        {!context && (error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Loading />)}
        {context && context.offers.length === 0 && (
          <EmptyState
            title="Nada para negociar"
            action={
              <Button variant="default" onClick={onClose}>
                Fechar
              </Button>
            }
          >
            Não há título em aberto fora de um acordo.
          </EmptyState>
        )}
        {context?.offers[0] && (
          <Negotiator
            key={clientId}
            clientId={clientId}
            context={context}
            first={context.offers[0]}
            agreementHref={agreementHref}
          />
        )}
      </div>
    </section>
  );
}

function Loading(): ReactNode {
  return (
    <div aria-busy="true">
      <Skeleton width="100%" height={90} />
      <Skeleton width="100%" height={240} />
    </div>
  );
}
