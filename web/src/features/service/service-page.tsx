import { Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, Suspense, useEffect, useState } from "react";
import type { Phone } from "@/lib/client-shapes";
import { plural } from "@/lib/format";
import { rememberServed } from "@/lib/last-served";
import { afterPaint } from "@/lib/later";
import { useLiveQueries } from "@/lib/live-queries";
import { useMember } from "@/lib/session";
import { timelineKey, useTimeline } from "@/lib/timeline";
import { DebtTable } from "@/ui/debt-table";
import { useDocumentTitle } from "@/ui/document-title";
import { Panel } from "@/ui/panel";
import { PhoneList } from "@/ui/phone-list";
import { ErrorState } from "@/ui/states";
import { Key } from "@/ui/tag";
import { Timeline } from "@/ui/timeline/timeline";
import { ClientHeader } from "./client-header";
import { type Chosen, DispositionPanel } from "./disposition-panel";
import { useDraft } from "./draft";
import type { PendingDisposition } from "./pending-store";
import { type DispositionType, type ServiceScreen, serviceQuery } from "./queries";
import classes from "./service-page.module.css";
import { ServiceSkeleton } from "./service-skeleton";
import { Unconfirmed } from "./unconfirmed";
import { usePendingOfClient } from "./use-pending";

const UndoLine = afterPaint(
  () => import("./undo-line"),
  (m) => m.UndoLine,
);

/** A second press of the same outcome this soon is a bounce of the finger, not a second call. */
const bounceMs = 1_500;

interface ServicePageProps {
  clientId: string;
  /** Opens the explained statement, at one title when one is named. */
  onExplain?: (debtId?: string) => void;
  onNegotiate?: () => void;
  /** The way to the next client. */
  next?: ReactNode;
  /** The way to the talk with the client, and the talk itself in the timeline's place while it is open. */
  talkDoor?: ReactNode;
  talk?: ReactNode;
  /** What may be done with one of the numbers. */
  phoneAction?: (phone: Phone, index: number) => ReactNode;
  /** The command for whoever asks not to be contacted, beside the results of a call. */
  noContact?: (phones: Phone[]) => ReactNode;
}

export function ServicePage({ clientId, ...doors }: ServicePageProps): ReactNode {
  const { data: screen, error, refetch } = useQuery(serviceQuery(useQueryClient(), clientId));
  useDocumentTitle(screen?.client.name ?? "Atendimento");
  useEffect(() => {
    if (screen) rememberServed(screen.client.id, screen.client.name);
  }, [screen]);
  if (screen) return <LoadedService screen={screen} {...doors} />;
  return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <ServiceSkeleton />;
}

type LoadedProps = Omit<ServicePageProps, "clientId"> & { screen: ServiceScreen };

function LoadedService({
  screen,
  onExplain,
  onNegotiate,
  phoneAction,
  next,
  talkDoor,
  talk,
  noContact,
}: LoadedProps): ReactNode {
  const { client, debts, phones, disposition_types: types } = screen;
  const { tenant } = useMember();
  const timeline = useTimeline(client.id);
  const { pending, keep, send, discard } = usePendingOfClient(client.id);
  const [notes, setNotes] = useDraft(client.id);
  const [last, setLast] = useState<{ key: string; label: string; at: number; isKept: boolean } | null>(null);
  const [choosing, setChoosing] = useState<DispositionType | null>(null);
  const serviceKey = ["service", client.id];
  const everything = [serviceKey, timelineKey(client.id)];
  const onlyTimeline = new Set(["message_changed", "automation_changed"]);
  useLiveQueries(`client:${client.id}`, everything, (event) =>
    onlyTimeline.has(event) ? [timelineKey(client.id)] : everything,
  );
  // Changes to many clients at once come aggregated on the tenant's topic; other buttons are every client's.
  useLiveQueries(`tenant:${tenant.id}`, [], (event, { client_ids: touched }) =>
    event === "settings_changed" || touched?.includes(client.id) ? everything : [],
  );
  // A row that the server has already told needs no stand-in.
  const known = new Set(timeline.data?.map(({ id }) => id));
  const unconfirmed = pending.filter(({ id }) => !known.has(id));
  const onDispose = async ({ type, scheduledCallback, phone }: Chosen): Promise<void> => {
    if (last && last.key === type.key && Date.now() - last.at < bounceMs) return;
    setLast({ key: type.key, label: type.label, at: Date.now(), isKept: false });
    const made = {
      clientId: client.id,
      clientName: client.name,
      type: type.key,
      notes: notes.trim(),
      scheduledCallback,
      ...(phone && { phone }),
    };
    const id = await keep(made);
    // Not said before: whoever reads it may close the window.
    setLast((known) => known && { ...known, isKept: true });
    setNotes("");
    const sent = await send(id);
    // A refusal waits in the timeline for its correction: nothing may cover it.
    if (type.opens_negotiation && sent !== "refused") onNegotiate?.();
  };
  const onEdit = (record: PendingDisposition): void => {
    setNotes([record.notes, notes].filter(Boolean).join("\n"));
    if (record.scheduledCallback) setChoosing(types.find(({ key }) => key === record.type) ?? null);
    setLast(null);
    void discard(record.id);
  };
  const onUndone = (taken: string): void => {
    setNotes(notes || taken);
    setLast(null);
  };
  const outcome = last?.isKept
    ? `${unconfirmed.length > 0 ? "Guardada, enviando" : "Registrada"}: ${last.label}`
    : null;
  return (
    <div className={classes.page}>
      <ClientHeader screen={screen} onExplain={onExplain} next={next} />
      <div className={classes.facts}>
        <Panel title="Telefones" aside={phones.length > 0 && plural(phones.length, "número", "números")}>
          <PhoneList phones={phones} action={phoneAction} />
        </Panel>
        <Panel
          title="Títulos"
          aside={
            onNegotiate ? (
              <Button variant="light" size="compact-sm" onClick={onNegotiate}>
                Propor acordo&nbsp;<Key>Alt+S</Key>
              </Button>
            ) : (
              plural(debts.length, "título", "títulos")
            )
          }
          scrolls
          className={classes.debts}
        >
          <DebtTable debts={debts} onExplain={onExplain} />
        </Panel>
      </div>
      <DispositionPanel
        screen={screen}
        notes={notes}
        onNotes={setNotes}
        choosing={choosing}
        onChoosing={setChoosing}
        outcome={outcome}
        onDispose={(chosen) => void onDispose(chosen)}
        noContact={noContact?.(phones)}
        undo={
          <Suspense fallback={null}>
            <UndoLine
              client={client}
              items={timeline.data}
              unconfirmed={unconfirmed}
              types={types}
              onUndone={onUndone}
            />
          </Suspense>
        }
      />
      {talk || (
        <Panel title="Linha do tempo" aside={talkDoor} scrolls className={classes.timeline}>
          <Timeline
            items={timeline.data}
            hasMore={timeline.hasNextPage}
            loadingMore={timeline.isFetchingNextPage}
            onMore={() => void timeline.fetchNextPage()}
            colorOf={(type) => types.find(({ key }) => key === type)?.color}
            unconfirmed={
              unconfirmed.length > 0 && (
                <Unconfirmed
                  records={unconfirmed}
                  types={types}
                  onEdit={onEdit}
                  onDiscard={({ id }) => void discard(id)}
                />
              )
            }
          />
        </Panel>
      )}
    </div>
  );
}
