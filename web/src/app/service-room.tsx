import { lazy, type ReactNode, Suspense, useState } from "react";
import { ServicePage } from "@/features/service/service-page";
import { afterPaint } from "@/lib/later";
import { useAltKey } from "@/ui/alt-key";

const StatementDialog = lazy(async () => ({
  default: (await import("@/features/statement/statement-dialog")).StatementDialog,
}));
const ServiceLock = afterPaint(() => import("@/features/dialer/service-lock").then((m) => m.ServiceLock));
const NegotiationPanel = lazy(async () => ({
  default: (await import("@/features/negotiation/negotiation-panel")).NegotiationPanel,
}));

/** The service screen with what opens over it and who else is here; none of that is part of the first paint. */
export function ServiceRoom({ clientId }: { clientId: string }): ReactNode {
  const [explained, setExplained] = useState<{ debtId?: string | undefined } | null>(null);
  const [isNegotiating, setIsNegotiating] = useState(false);
  useAltKey("KeyS", () => setIsNegotiating((open) => !open));
  return (
    <>
      <Suspense fallback={null}>
        <ServiceLock clientId={clientId} />
      </Suspense>
      <ServicePage
        clientId={clientId}
        onExplain={(debtId) => setExplained({ debtId })}
        onNegotiate={() => setIsNegotiating(true)}
      />
      <Suspense fallback={null}>
        {isNegotiating && (
          <NegotiationPanel
            clientId={clientId}
            onClose={() => setIsNegotiating(false)}
            agreementHref={(id) => `/acordos/${id}`}
          />
        )}
        {explained && <StatementDialog clientId={clientId} {...explained} onClose={() => setExplained(null)} />}
      </Suspense>
    </>
  );
}
