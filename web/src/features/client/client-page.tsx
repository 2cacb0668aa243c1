import { Button } from "@mantine/core";
import { IconArrowLeft, IconHeadset } from "@tabler/icons-react";
import { type ReactNode, Suspense, useState } from "react";
import { Link, useLocation } from "wouter";
import { useDispositionNames } from "@/lib/disposition-types";
import { AppError } from "@/lib/errors";
import { documentNumber, money, plural } from "@/lib/format";
import { onDemand } from "@/lib/later";
import { useLiveQueries } from "@/lib/live-queries";
import { useHasRole } from "@/lib/session";
import { timelineKey, useTimeline } from "@/lib/timeline";
import { DebtTable } from "@/ui/debt-table";
import { useDocumentTitle } from "@/ui/document-title";
import { NoContactButton } from "@/ui/no-contact/no-contact-button";
import { Panel } from "@/ui/panel";
import { useSingleKeys } from "@/ui/single-keys";
import { EmptyState, ErrorState, PageSkeleton } from "@/ui/states";
import { Key, Tag } from "@/ui/tag";
import { Timeline } from "@/ui/timeline/timeline";
import { ClientAddresses } from "./client-addresses";
import { ClientCare } from "./client-care";
import { ClientExtra } from "./client-extra";
import { ClientMoney } from "./client-money";
import classes from "./client-page.module.css";
import { PhoneHealthList } from "./phone-health";
import { type ClientProfile, useClientProfile } from "./queries";

const HistoryDialog = onDemand(
  () => import("./history-dialog"),
  (m) => m.HistoryDialog,
);
const EditDialog = onDemand(
  () => import("./edit-dialog"),
  (m) => m.EditDialog,
);

interface ClientPageProps {
  document: string;
  /** Opens the explained statement of a client, at one title when one is named. */
  onExplain?: (clientId: string, debtId?: string) => void;
  /** The way to the talk with the client. */
  talkDoor?: (clientId: string) => ReactNode;
  /** What the person may ask about their data. */
  privacy?: (client: { id: string; name: string }) => ReactNode;
}

export function ClientPage({ document, onExplain, talkDoor, privacy }: ClientPageProps): ReactNode {
  const { data: profile, error, refetch } = useClientProfile(document.replace(/[.\-/]/g, "").toUpperCase());
  useDocumentTitle(profile?.client.name ?? "Cliente");
  if (profile) return <LoadedClient profile={profile} onExplain={onExplain} talkDoor={talkDoor} privacy={privacy} />;
  if (error instanceof AppError && error.code === "client_not_found")
    return (
      <EmptyState
        title="Não há cliente com este documento"
        action={
          <Button component={Link} href="/carteira">
            Ir para a carteira
          </Button>
        }
      >
        {documentNumber(document)} não está na carteira desta assessoria.
      </EmptyState>
    );
  return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <PageSkeleton />;
}

type LoadedProps = { profile: ClientProfile } & Pick<ClientPageProps, "onExplain" | "talkDoor" | "privacy">;

function LoadedClient({ profile, onExplain, talkDoor, privacy }: LoadedProps): ReactNode {
  const { client, debts, phones, totals } = profile;
  const timeline = useTimeline(client.id);
  const { data: names } = useDispositionNames();
  const mayEdit = useHasRole("supervisor");
  const isAdmin = useHasRole("admin");
  const [open, setOpen] = useState<"edit" | "history" | null>(null);
  const [, navigate] = useLocation();
  const everything = [["client", client.document], timelineKey(client.id)];
  const onlyTimeline = new Set(["message_changed", "automation_changed", "disposition_changed"]);
  useLiveQueries(`client:${client.id}`, everything, (event) =>
    onlyTimeline.has(event) ? [timelineKey(client.id)] : everything,
  );
  useSingleKeys((key) => {
    if (key !== "a") return false;
    navigate(`/atendimento/${client.id}`);
    return true;
  });
  const facts: [string, string | null][] = [
    [client.document.length === 14 ? "CNPJ" : "CPF", documentNumber(client.document)],
    ["Código externo", client.external_id],
    ["E-mail", client.email],
    ["UF", client.uf],
  ];
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div>
          <Link href="/carteira" className={classes.back} onClick={goBack}>
            <IconArrowLeft size={15} aria-hidden /> Carteira
          </Link>
          <div className={classes.title}>
            <h1>{client.name}</h1>
            {client.opted_out && <Tag tone="bad">pediu para não ser contatado</Tag>}
            <NoContactButton clientId={client.id} phones={phones.map(({ phone }) => phone)} hasKey />
            {mayEdit && (
              <Button size="compact-sm" variant="subtle" onClick={() => setOpen("edit")}>
                Editar cadastro
              </Button>
            )}
            {isAdmin && (
              <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setOpen("history")}>
                Histórico de edições
              </Button>
            )}
          </div>
          <dl className={classes.facts}>
            {facts.map(
              ([term, value]) =>
                value && (
                  <div key={term}>
                    <dt>{term}</dt>
                    <dd className="num">{value}</dd>
                  </div>
                ),
            )}
          </dl>
        </div>
        <div className={classes.side}>
          <span className={classes.faint}>Em aberto, {plural(totals.open_debts, "título", "títulos")}</span>
          <strong className="num">{money(totals.open_cents)}</strong>
          <Button component={Link} href={`/atendimento/${client.id}`} leftSection={<IconHeadset size={16} />}>
            Atender&nbsp;<Key>A</Key>
          </Button>
        </div>
      </header>
      <div className={classes.columns}>
        <div className={classes.papers}>
          <Panel title="Telefones">
            <PhoneHealthList clientId={client.id} phones={phones} wrong_contact={profile.wrong_contact} />
          </Panel>
          <Panel title="Títulos" aside={plural(debts.length, "título", "títulos")}>
            <DebtTable debts={debts} onExplain={onExplain && ((debtId) => onExplain(client.id, debtId))} />
          </Panel>
          <ClientMoney agreements={profile.agreements} payments={profile.payments} />
          <ClientCare client={client} />
          <ClientAddresses client={client} addresses={profile.addresses} />
          <ClientExtra client={client} />
          {privacy?.(client)}
        </div>
        <Panel title="Linha do tempo" aside={talkDoor?.(client.id)}>
          <Timeline
            items={timeline.data}
            hasMore={timeline.hasNextPage}
            loadingMore={timeline.isFetchingNextPage}
            onMore={() => void timeline.fetchNextPage()}
            colorOf={(type) => names?.get(type)?.color}
          />
        </Panel>
      </div>
      <Suspense fallback={null}>
        {open === "edit" && <EditDialog client={client} onClose={() => setOpen(null)} />}
        {open === "history" && <HistoryDialog clientId={client.id} onClose={() => setOpen(null)} />}
      </Suspense>
    </div>
  );
}

/** Back to the list as it was left, filter and scroll included, when that is where this page came from. */
function goBack(event: React.MouseEvent): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey || !cameFromTheList()) return;
  event.preventDefault();
  window.history.back();
}

/** A browser that does not tell its history goes to the list's own address. */
function cameFromTheList(): boolean {
  const { navigation } = window;
  const index = navigation?.currentEntry?.index ?? 0;
  const before = navigation?.entries()[index - 1]?.url;
  return Boolean(before && new URL(before).pathname === "/carteira");
}
