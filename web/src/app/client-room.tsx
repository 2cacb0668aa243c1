import { lazy, type ReactNode, Suspense, useState } from "react";
import { ClientPage } from "@/features/client/client-page";

const StatementDialog = lazy(async () => ({
  default: (await import("@/features/statement/statement-dialog")).StatementDialog,
}));

/** The client's page and the statement behind its values. */
export function ClientRoom({ document }: { document: string }): ReactNode {
  const [explained, setExplained] = useState<{ clientId: string; debtId?: string | undefined } | null>(null);
  return (
    <>
      <ClientPage document={document} onExplain={(clientId, debtId) => setExplained({ clientId, debtId })} />
      {explained && (
        <Suspense fallback={null}>
          <StatementDialog {...explained} onClose={() => setExplained(null)} />
        </Suspense>
      )}
    </>
  );
}
