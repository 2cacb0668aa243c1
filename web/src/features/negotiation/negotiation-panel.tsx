import { Button, CloseButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef } from "react";
import { EmptyState, ErrorState, Skeleton } from "@/ui/states";
import { Key } from "@/ui/tag";
import classes from "./negotiation.module.css";
import { Negotiator } from "./negotiator";
import { type NegotiationContext, negotiationQuery, type Offer, type Replaced } from "./queries";

interface NegotiationPanelProps {
  clientId: string;
  /** Renegotiates what is left of this agreement. */
  replaces?: Replaced;
  onClose: () => void;
  agreementHref: (agreementId: string) => string;
}

/** Beside the call, not over it: the outcome's digits go on working while nobody types here. */
export function NegotiationPanel({ clientId, replaces, onClose, agreementHref }: NegotiationPanelProps): ReactNode {
  const { data: context, error, refetch } = useQuery(negotiationQuery(clientId));
  const panel = useRef<HTMLElement>(null);
  useEffect(() => panel.current?.focus(), []);
  const offers = context ? offersOf(context, replaces) : [];
  return (
    <section
      ref={panel}
      className={classes.panel}
      aria-label="Negociação"
      tabIndex={-1}
      onKeyDown={(event) => {
        // The draft is kept: closing loses nothing. A menu or list that is open takes the key first.
        if (event.key === "Escape" && !event.defaultPrevented) onClose();
      }}
    >
      <header className={classes.head}>
        <h2>{replaces ? "Renegociação" : "Negociação"}</h2>
        <Key>Alt+S</Key>
        <CloseButton aria-label="Fechar a negociação" onClick={onClose} />
      </header>
      <div className={classes.body}>
        {!context && (error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Loading />)}
        {context && offers.length === 0 && (
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
        {context && offers[0] && (
          <Negotiator
            key={clientId}
            clientId={clientId}
            context={context}
            offers={[offers[0], ...offers.slice(1)]}
            replaces={replaces?.id}
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

/** A renegotiation is about the titles its agreement holds; what the creditor offers besides stays the same. */
function offersOf({ offers }: NegotiationContext, replaces: Replaced | undefined): Offer[] {
  if (!replaces) return offers;
  const { creditor, debt_ids } = replaces;
  const known = offers.find((offer) => offer.creditor.id === creditor.id);
  return [{ creditor, debt_ids, templates: known?.templates ?? [], best: null }];
}
