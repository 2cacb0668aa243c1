import { lazy, type ReactNode, Suspense, useState } from "react";
import { ServicePage } from "@/features/service/service-page";

const StatementDialog = lazy(async () => ({
  default: (await import("@/features/statement/statement-dialog")).StatementDialog,
}));

/** The service screen with what opens over it; neither is part of the first paint. */
export function ServiceRoom({ clientId }: { clientId: string }): ReactNode {
  const [explained, setExplained] = useState<{ debtId?: string | undefined } | null>(null);
  return (
    <>
      <ServicePage clientId={clientId} onExplain={(debtId) => setExplained({ debtId })} />
      {explained && (
        <Suspense fallback={null}>
          <StatementDialog clientId={clientId} {...explained} onClose={() => setExplained(null)} />
        </Suspense>
      )}
    </>
  );
}
