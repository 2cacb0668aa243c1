import { NativeSelect } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQueries, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { Comparison } from "./comparison";
import classes from "./negotiation.module.css";
import { Outcome } from "./outcome";
import { PayerAddress } from "./payer-address";
import { Preview } from "./preview";
import { firstProposal, inputOf, maxProposals, type Proposal } from "./proposal";
import { ProposalForm } from "./proposal-form";
import { ProposeBar } from "./propose-bar";
import { dropDraft, type NegotiationContext, type Offer, propose, type Simulation, simulationQuery } from "./queries";
import { Repriced } from "./repriced";
import { Shortcuts } from "./shortcuts";
import { useProposals } from "./use-proposals";

/** Between two keys of a number being typed. */
const askAfterMs = 120;

interface NegotiatorProps {
  clientId: string;
  context: NegotiationContext;
  offers: [Offer, ...Offer[]];
  replaces: string | undefined;
  agreementHref: (agreementId: string) => string;
}

export function Negotiator({ clientId, context, offers, replaces, agreementHref }: NegotiatorProps): ReactNode {
  const queryClient = useQueryClient();
  const [fallback] = useState(() => firstProposal(offers[0]));
  const kept = useProposals(clientId, context, fallback, replaces === undefined);
  const { proposals, current, chosen } = kept;
  const offer = offers.find(({ creditor }) => creditor.id === current.offer) ?? offers[0];
  const input = (proposal: Proposal): ReturnType<typeof inputOf> => inputOf(clientId, proposal, replaces);
  const [asked] = useDebouncedValue(proposals, askAfterMs);
  const simulations = useQueries({ queries: asked.map((each) => simulationQuery(input(each))) });
  const shown = simulations[chosen];
  const simulation = shown?.data;
  // What may be proposed is what is on the screen, and only when it is what was typed.
  const isOld = asked !== proposals || !shown || shown.isFetching || input(current) === null;
  const [repriced, setRepriced] = useState<Simulation | null>(null);
  const { mutate, data, isPending, error, reset } = useMutation({
    mutationFn: (given: Simulation) => propose(given),
    onSuccess: async (answer, given) => {
      if (answer.outcome === "repriced") {
        setRepriced(given);
        queryClient.setQueryData(simulationQuery(input(current)).queryKey, answer.simulation);
        return;
      }
      kept.close();
      if (replaces === undefined) await dropDraft(clientId);
      await queryClient.invalidateQueries({ queryKey: ["service", clientId] });
      await queryClient.invalidateQueries({ queryKey: ["client"] });
    },
  });
  const change = (next: Proposal): void => {
    setRepriced(null);
    reset();
    kept.change(next);
  };
  if (data && data.outcome !== "repriced") return <Outcome answer={data} href={agreementHref(data.agreement_id)} />;
  const refusal = error ? sentenceFor(error) : kept.draftError ? draftSentence(kept.draftError) : null;
  return (
    <>
      {offers.length > 1 && (
        <NativeSelect
          label="Credor"
          value={offer.creditor.id}
          data={offers.map(({ creditor }) => ({ value: creditor.id, label: creditor.name }))}
          onChange={({ currentTarget: { value } }) => {
            const next = offers.find(({ creditor }) => creditor.id === value);
            if (next) change({ ...firstProposal(next), key: current.key });
          }}
        />
      )}
      {replaces && <p className={classes.note}>O acordo atual só termina quando o novo for fechado ou aprovado.</p>}
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
        isAllowed={!isOld && simulation?.is_allowed === true}
        onChange={change}
      />
      {repriced && simulation && <Repriced before={repriced} after={simulation} />}
      <Preview simulation={simulation} error={shown?.error} isOld={isOld} />
      {context.methods && !context.payer.cep && <PayerAddress clientId={clientId} />}
      {refusal && (
        <p role="alert" className={classes.refusal}>
          {refusal}
        </p>
      )}
      <ProposeBar
        simulation={simulation}
        isReady={!isOld && !shown.error}
        isPending={isPending}
        onPropose={mutate}
        {...(proposals.length < maxProposals && { onAdd: kept.add })}
        {...(proposals.length > 1 && { onRemove: kept.remove })}
      />
    </>
  );
}

function draftSentence(error: unknown): string {
  return `O rascunho não foi guardado. ${sentenceFor(error)}`;
}
