import { IconArrowLeft } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link, useSearchParams } from "wouter";
import { useDocumentTitle } from "@/ui/document-title";
import { ShowMore } from "@/ui/show-more";
import { EmptyState, ErrorState, Skeleton } from "@/ui/states";
import { Tag } from "@/ui/tag";
import classes from "./inbox.module.css";
import { InboxRow } from "./inbox-row";
import { useCounts, useTalks } from "./queries";
import type { Counts, TalkFilter } from "./shapes";
import { Talk } from "./talk";
import { useLiveTalks } from "./use-talk";

interface View {
  key: string;
  label: string;
  filter: TalkFilter;
  empty: string;
  count?: (counts: Counts) => number;
}

const mine: View = {
  key: "minhas",
  label: "Minhas",
  filter: { owner: "me" },
  empty: "Quem você atender primeiro, ou com quem negociar, aparece aqui.",
  count: (counts) => counts.mine,
};

const views: View[] = [
  mine,
  {
    key: "livres",
    label: "De ninguém",
    filter: { owner: "none", known: "true" },
    empty: "Toda conversa de cliente tem alguém cuidando dela.",
    count: (counts) => counts.nobody,
  },
  {
    key: "nao-lidas",
    label: "Não lidas",
    filter: { unread: "true" },
    empty: "Tudo lido.",
  },
  {
    key: "desconhecidas",
    label: "Desconhecidas",
    filter: { known: "false" },
    empty: "Nenhum número sem dono. Quando alguém de fora da carteira escrever, aparece aqui para ligar ou ignorar.",
    count: (counts) => counts.unknown,
  },
  { key: "todas", label: "Todas", filter: {}, empty: "Nenhuma conversa ainda." },
  { key: "ignoradas", label: "Ignoradas", filter: { ignored: "true" }, empty: "Nenhum número foi ignorado." },
];

/** Every talk of the agency: one's own, nobody's, unread ones, and strangers to be linked or put aside. */
export function InboxPage({ conversationId }: { conversationId?: string }): ReactNode {
  useDocumentTitle("Conversas");
  useLiveTalks();
  const [params] = useSearchParams();
  const view = views.find(({ key }) => key === params.get("ver")) ?? mine;
  const search = `?ver=${view.key}`;
  return (
    <div className={classes.page} data-open={conversationId !== undefined || undefined}>
      <section className={classes.side} aria-label="Lista de conversas">
        <h1>Conversas</h1>
        <Views chosen={view} />
        <Rows key={view.key} view={view} chosen={conversationId} search={search} />
      </section>
      <div className={classes.main}>
        {conversationId ? (
          <Talk
            key={conversationId}
            talkId={conversationId}
            back={
              <Link href={`/conversas${search}`} className={classes.back} aria-label="Voltar à lista de conversas">
                <IconArrowLeft size={18} aria-hidden />
              </Link>
            }
          />
        ) : (
          <EmptyState title="Escolha uma conversa">A lista fica ao lado; as mais recentes vêm primeiro.</EmptyState>
        )}
      </div>
    </div>
  );
}

function Views({ chosen }: { chosen: View }): ReactNode {
  const { data: counts } = useCounts();
  return (
    <nav aria-label="Quais conversas" className={classes.views}>
      {views.map((view) => {
        const unread = counts && view.count ? view.count(counts) : 0;
        return (
          <Link
            key={view.key}
            href={`/conversas?ver=${view.key}`}
            aria-current={view.key === chosen.key ? "true" : undefined}
          >
            {view.label}
            {unread > 0 && (
              <Tag tone="warn">
                {unread}
                <span className="hidden-visually"> não lidas</span>
              </Tag>
            )}
          </Link>
        );
      })}
    </nav>
  );
}

interface RowsProps {
  view: View;
  chosen: string | undefined;
  search: string;
}

function Rows({ view, chosen, search }: RowsProps): ReactNode {
  const pages = useTalks(view.filter);
  const { data, error, refetch } = pages;
  if (!data)
    return error ? (
      <ErrorState error={error} onRetry={() => void refetch()} />
    ) : (
      <div className={classes.loading} aria-busy="true">
        <span className="hidden-visually">Carregando as conversas…</span>
        {[1, 2, 3, 4, 5].map((row) => (
          <Skeleton key={row} width="100%" height={52} />
        ))}
      </div>
    );
  const rows = data.pages.flatMap((page) => page.rows);
  if (rows.length === 0) return <EmptyState title="Nada aqui">{view.empty}</EmptyState>;
  return (
    <div className={classes.rows}>
      <ul aria-label={view.label}>
        {rows.map((talk) => (
          <InboxRow key={talk.id} talk={talk} href={`/conversas/${talk.id}${search}`} isOpen={talk.id === chosen} />
        ))}
      </ul>
      <ShowMore of={pages} />
    </div>
  );
}
