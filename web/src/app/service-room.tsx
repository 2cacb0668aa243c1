import { type ReactNode, Suspense, useState } from "react";
import { useSearchParams } from "wouter";
import { ServicePage } from "@/features/service/service-page";
import { afterPaint, onDemand } from "@/lib/later";
import { useAltKey } from "@/ui/alt-key";

const StatementDialog = onDemand(
  () => import("@/features/statement/statement-dialog"),
  (m) => m.StatementDialog,
);
const ServiceLock = afterPaint(
  () => import("@/features/calls/service-lock"),
  (m) => m.ServiceLock,
);
const CallButton = afterPaint(
  () => import("@/features/calls/call-button"),
  (m) => m.CallButton,
);
const ClientTalkDoor = afterPaint(
  () => import("@/features/conversation/client-talk-door"),
  (m) => m.ClientTalkDoor,
);
const ClientTalk = onDemand(
  () => import("@/features/conversation/client-talk"),
  (m) => m.ClientTalk,
);
const NextClientBar = afterPaint(
  () => import("@/features/agenda/next-client"),
  (m) => m.NextClientBar,
);
const NoContactButton = afterPaint(
  () => import("@/ui/no-contact/no-contact-button"),
  (m) => m.NoContactButton,
);
const NegotiationPanel = onDemand(
  () => import("@/features/negotiation/negotiation-panel"),
  (m) => m.NegotiationPanel,
);

/** The service screen with what opens over it and who else is here; none of that is part of the first paint. */
export function ServiceRoom({ clientId }: { clientId: string }): ReactNode {
  const [explained, setExplained] = useState<{ debtId?: string | undefined } | null>(null);
  const [isNegotiating, setIsNegotiating] = useState(false);
  const [params, setParams] = useSearchParams();
  const isTalking = params.has("conversa");
  const setIsTalking = (open: boolean): void =>
    setParams(
      (now) => {
        if (open) now.set("conversa", "1");
        else now.delete("conversa");
        return now;
      },
      { replace: true },
    );
  useAltKey("KeyW", () => setIsTalking(!isTalking));
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
        next={
          <Suspense fallback={null}>
            <NextClientBar clientId={clientId} />
          </Suspense>
        }
        talkDoor={
          <Suspense fallback={null}>
            <ClientTalkDoor clientId={clientId} onOpen={() => setIsTalking(true)} />
          </Suspense>
        }
        talk={
          isTalking && (
            <Suspense fallback={<div />}>
              <ClientTalk clientId={clientId} onClose={() => setIsTalking(false)} />
            </Suspense>
          )
        }
        phoneAction={({ phone }, index) => (
          <Suspense fallback={null}>
            <CallButton phone={phone} clientId={clientId} isFirst={index === 0} />
            <NoContactButton clientId={clientId} phone={phone} label="Bloquear" isIcon />
          </Suspense>
        )}
        noContact={(phones) => (
          <Suspense fallback={null}>
            <NoContactButton clientId={clientId} phones={phones.map(({ phone }) => phone)} hasKey />
          </Suspense>
        )}
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
