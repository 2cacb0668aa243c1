import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, Suspense, useState } from "react";
import { AgreementPage, type Replaced } from "@/features/agreements/agreement-page";
import { onDemand } from "@/lib/later";

const NegotiationPanel = onDemand(
  () => import("@/features/negotiation/negotiation-panel"),
  (m) => m.NegotiationPanel,
);

/** The agreement, and the panel that renegotiates what is left of it. */
export function AgreementRoom({ id }: { id: string }): ReactNode {
  const [replaced, setReplaced] = useState<Replaced | null>(null);
  const queryClient = useQueryClient();
  return (
    <>
      <AgreementPage id={id} onRenegotiate={setReplaced} />
      {replaced && (
        <Suspense fallback={null}>
          <NegotiationPanel
            clientId={replaced.client_id}
            replaces={replaced}
            onClose={() => {
              setReplaced(null);
              void queryClient.invalidateQueries({ queryKey: ["agreement", id] });
            }}
            agreementHref={(made) => `/acordos/${made}`}
          />
        </Suspense>
      )}
    </>
  );
}
