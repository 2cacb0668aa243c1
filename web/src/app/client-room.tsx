import { type ReactNode, Suspense, useState } from "react";
import { ClientPage } from "@/features/client/client-page";
import { onDemand } from "@/lib/later";
import { useAltKey } from "@/ui/alt-key";

const StatementDialog = onDemand(
  () => import("@/features/statement/statement-dialog"),
  (m) => m.StatementDialog,
);

const ClientTalk = onDemand(
  () => import("@/features/conversation/client-talk"),
  (m) => m.ClientTalk,
);
const ClientTalkDoor = onDemand(
  () => import("@/features/conversation/client-talk-door"),
  (m) => m.ClientTalkDoor,
);

const ClientPrivacy = onDemand(
  () => import("@/features/privacy/client-privacy"),
  (m) => m.ClientPrivacy,
);

/** The client's page, the statement behind its values and the talk beside them. */
export function ClientRoom({ document }: { document: string }): ReactNode {
  const [explained, setExplained] = useState<{ clientId: string; debtId?: string | undefined } | null>(null);
  const [talkOf, setTalkOf] = useState<string | null>(null);
  return (
    <>
      <ClientPage
        document={document}
        onExplain={(clientId, debtId) => setExplained({ clientId, debtId })}
        privacy={(client) => (
          <Suspense fallback={null}>
            <ClientPrivacy client={client} />
          </Suspense>
        )}
        talkDoor={(clientId) => (
          <Suspense fallback={null}>
            <ClientTalkDoor clientId={clientId} onOpen={() => setTalkOf(clientId)} />
            <TalkKey onPress={() => setTalkOf((open) => (open ? null : clientId))} />
          </Suspense>
        )}
      />
      {talkOf && (
        <Suspense fallback={null}>
          <ClientTalk clientId={talkOf} isOverlay onClose={() => setTalkOf(null)} />
        </Suspense>
      )}
      {explained && (
        <Suspense fallback={null}>
          <StatementDialog {...explained} onClose={() => setExplained(null)} />
        </Suspense>
      )}
    </>
  );
}

function TalkKey({ onPress }: { onPress: () => void }): ReactNode {
  useAltKey("KeyW", onPress);
  return null;
}
