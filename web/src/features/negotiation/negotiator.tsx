import { Button, NativeSelect } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQueries, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { money } from "@/lib/format";
import { Comparison } from "./comparison";
import classes from "./negotiation.module.css";
import { Outcome } from "./outcome";
import { Preview } from "./preview";
import { firstProposal, inputOf, maxProposals, type Proposal } from "./proposal";
import { ProposalForm } from "./proposal-form";
import { dropDraft, type NegotiationContext, type Offer, propose, type Simulation, simulationQuery } from "./queries";
import { Shortcuts } from "./shortcuts";
import { useProposals } from "./use-proposals";

/** Between two keys of a number being typed. */
const askAfterMs = 120;

interface NegotiatorProps {
  clientId: string;
  context: NegotiationContext;
  first: Offer;
  agreementHref: (agreementId: string) => string;
}

export function Negotiator({ clientId, context, first, agreementHref }: NegotiatorProps): ReactNode {
  const queryClient = useQueryClient();
  const [fallback] = useState(() => firstProposal(first));
  const kept = useProposals(clientId, context, fallback);
  const { proposals, current, chosen } = kept;
  const offer = context.offers.find(({ creditor }) => creditor.id === current.offer) ?? first;
  const [asked] = useDebouncedValue(proposals, askAfterMs);
  const simulations = useQueries({ queries: asked.map((each) => simulationQuery(inputOf(clientId, each))) });
  const shown = simulations[chosen];
  const simulation = shown?.data;
  // What may be proposed is what is on the screen, and only when it is what was typed.
  const isOld = asked !== proposals || !shown || shown.isFetching || inputOf(clientId, current) === null;
  const [repricedFrom, setRepricedFrom] = useState<number | null>(null);
  const { mutate, data, isPending, error, reset } = useMutation({
    mutationFn: (given: Simulation) => propose(given),
    onSuccess: async (answer, given) => {
      if (answer.outcome === "repriced") {
        setRepricedFrom(given.total_cents);
        queryClient.setQueryData(simulationQuery(inputOf(clientId, current)).queryKey, answer.simulation);
        return;
      }
      kept.close();
      await dropDraft(clientId);
      await queryClient.invalidateQueries({ queryKey: ["service", clientId] });
    },
  });
  const change = (next: Proposal): void => {
    setRepricedFrom(null);
    reset();
    kept.change(next);
  };
  if (data && data.outcome !== "repriced") return <Outcome answer={data} href={agreementHref(data.agreement_id)} />;
  return (
    <>
      {context.offers.length > 1 && (
        <NativeSelect
          label="Credor"
          value={offer.creditor.id}
          data={context.offers.map(({ creditor }) => ({ value: creditor.id, label: creditor.name }))}
          onChange={({ currentTarget: { value } }) => {
            const next = context.offers.find(({ creditor }) => creditor.id === value);
            if (next) change({ ...firstProposal(next), key: current.key });
          }}
        />
      )}
      <Shortcuts offer={offer} best={simulation?.best ?? offer.best} proposal={current} onChange={change} />
      {proposals.length > 1 && (
        <Comparison simulations={simulations.map((each) => each.data)} chosen={chosen} onChoose={kept.choose} />
      )}
      <ProposalForm
        key={current.key}
        proposal={current}
        offer={offer}
        statement={context.statement}
        methods={context.methods ?? ["boleto"]}
        onChange={change}
      />
      {repricedFrom !== null && simulation && (
        <p role="alert" className={classes.refusal}>
          O valor mudou desde a simulação: era {money(repricedFrom)}, agora é {money(simulation.total_cents)}. Confira e
          proponha de novo; nada foi gravado.
        </p>
      )}
      <Preview simulation={simulation} error={shown?.error} isOld={isOld} />
      {(error ?? kept.draftError) && (
        <p role="alert" className={classes.refusal}>
          {error ? sentenceFor(error) : `O rascunho não foi guardado. ${sentenceFor(kept.draftError)}`}
        </p>
      )}
      <footer className={classes.actions}>
        {proposals.length < maxProposals && (
          <Button variant="default" onClick={kept.add}>
            Comparar com outra
          </Button>
        )}
        {proposals.length > 1 && (
          <Button variant="subtle" color="gray" onClick={kept.remove}>
            Tirar esta
          </Button>
        )}
        <Button
          loading={isPending}
          disabled={isOld || Boolean(shown.error) || !simulation || !mayPropose(simulation)}
          onClick={() => simulation && mutate(simulation)}
        >
          {simulation && !simulation.is_allowed ? "Pedir aprovação" : "Fechar acordo"}
        </Button>
      </footer>
    </>
  );
}

function mayPropose({ is_allowed, approval_role, obstacles }: Simulation): boolean {
  return is_allowed || (approval_role !== null && obstacles.length === 0);
}
