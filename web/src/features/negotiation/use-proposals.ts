import { useMutation } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useState } from "react";
import { type Draft, maxProposals, type Proposal } from "./proposal";
import { type NegotiationContext, saveDraft } from "./queries";

/** A pause in typing worth a write. */
const saveAfterMs = 600;

interface Proposals {
  proposals: Proposal[];
  current: Proposal;
  chosen: number;
  choose: (index: number) => void;
  change: (next: Proposal) => void;
  /** A copy of the one in hand, to vary. */
  add: () => void;
  remove: () => void;
  draftError: unknown;
  /** Proposed: nothing is left to keep. */
  close: () => void;
}

/** Up to three proposals being typed, kept on the server so that the draft is there on the next visit, on any computer. */
export function useProposals(
  clientId: string,
  context: NegotiationContext,
  fallback: Proposal,
  /** A renegotiation begins anew: the draft is of the titles that are free. */
  isKept: boolean,
): Proposals {
  const [draft, setDraft] = useState<Draft>(
    () => (isKept && stillPossible(context)) || { proposals: [fallback], chosen: 0 },
  );
  const [dirty, setDirty] = useState(false);
  const { mutate, error } = useMutation({ mutationFn: (next: Draft) => saveDraft(clientId, next) });
  const save = useEffectEvent(() => mutate(draft));
  // biome-ignore lint/correctness/useExhaustiveDependencies: every change of the draft restarts the pause
  useEffect(() => {
    if (!dirty) return;
    const timer = setTimeout(() => save(), saveAfterMs);
    return () => clearTimeout(timer);
  }, [draft, dirty]);
  const update = (next: Draft): void => {
    setDraft(next);
    if (isKept) setDirty(true);
  };
  const { proposals, chosen } = draft;
  const current = proposals[chosen] ?? proposals[0] ?? fallback;
  return {
    proposals,
    current,
    chosen,
    choose: (index) => update({ proposals, chosen: index }),
    change: (next) => update({ proposals: proposals.map((each) => (each.key === next.key ? next : each)), chosen }),
    add: () => {
      if (proposals.length < maxProposals)
        update({ proposals: [...proposals, { ...current, key: crypto.randomUUID() }], chosen: proposals.length });
    },
    remove: () => {
      const left = proposals.filter(({ key }) => key !== current.key);
      update({ proposals: left.length > 0 ? left : [fallback], chosen: 0 });
    },
    draftError: error,
    close: () => setDirty(false),
  };
}

/** A draft over titles that are no longer open is of no use to anybody. */
function stillPossible({ draft, offers }: NegotiationContext): Draft | null {
  if (!draft || !Array.isArray(draft.proposals) || draft.proposals.length === 0) return null;
  const open = new Set(offers.flatMap(({ debt_ids }) => debt_ids));
  return draft.proposals.every(({ debt_ids }) => debt_ids.every((id) => open.has(id))) ? draft : null;
}
