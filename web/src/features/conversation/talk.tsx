import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { useMember } from "@/lib/session";
import { ErrorState, Skeleton } from "@/ui/states";
import { Composer } from "./composer";
import { LinkPanel } from "./link-panel";
import { MessageList } from "./message-list";
import { countsKey, readTalk, talkKey, talksKey } from "./queries";
import type { TalkPage } from "./shapes";
import classes from "./talk.module.css";
import { TalkHeader } from "./talk-header";
import { useDraft } from "./use-draft";
import { useOutbox } from "./use-pending";
import { useClientTopic, useTalk } from "./use-talk";

interface TalkProps {
  talkId: string;
  /** Left of the person's name: how to get out of here. */
  back?: ReactNode;
}

/** One talk: who, what was said, what may be said next. */
export function Talk({ talkId, back }: TalkProps): ReactNode {
  const { data: page, error, refetch } = useTalk(talkId);
  if (page) return <LoadedTalk key={talkId} talkId={talkId} page={page} back={back} />;
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  return (
    <div className={classes.loading} aria-busy="true">
      <span className="hidden-visually">Carregando a conversa…</span>
      {[50, 70, 40, 60].map((width) => (
        <Skeleton key={width} width={`${width}%`} height={44} />
      ))}
    </div>
  );
}

function LoadedTalk({ talkId, page, back }: { talkId: string; page: TalkPage; back: ReactNode }): ReactNode {
  const { conversation: talk, people } = page;
  const outbox = useOutbox(talkId, page.items);
  const draft = useDraft(talkId, page.draft);
  useReading(page);
  return (
    <section className={classes.talk} aria-label="Conversa" data-talk={talkId}>
      {talk.client && <ClientTopic clientId={talk.client.id} talkId={talkId} />}
      <TalkHeader page={page} back={back} />
      {!talk.client && <LinkPanel talk={talk} people={people} />}
      <MessageList
        page={page}
        outbox={outbox}
        onEdit={(body) => draft.change([body, draft.text].filter(Boolean).join("\n"))}
      />
      <Composer page={page} outbox={outbox} draft={draft} />
    </section>
  );
}

function ClientTopic({ clientId, talkId }: { clientId: string; talkId: string }): ReactNode {
  useClientTopic(clientId, talkId);
  return null;
}

/** What is on a screen that somebody looks at is read; the database decides whose looking counts. */
function useReading({ conversation: { id, unread, owner }, items }: TalkPage): void {
  const { user } = useMember();
  const queryClient = useQueryClient();
  const newest = items.find(({ direction }) => direction === "in")?.id;
  const counts = !owner?.is_here || owner.user_id === user.id;
  useEffect(() => {
    if (unread === 0 || !newest || !counts) return;
    const read = async (): Promise<void> => {
      if (document.hidden) return;
      await readTalk(id, newest);
      for (const queryKey of [talkKey(id), talksKey, countsKey, ["notifications"]])
        void queryClient.invalidateQueries({ queryKey });
    };
    const onVisible = (): void => void read().catch(() => undefined);
    onVisible();
    document.addEventListener("visibilitychange", onVisible);
    return () => document.removeEventListener("visibilitychange", onVisible);
  }, [id, unread, newest, counts, queryClient]);
}
