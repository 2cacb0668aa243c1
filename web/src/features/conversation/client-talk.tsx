import { Button, CloseButton, NativeSelect } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { AppError, sentenceFor } from "@/lib/errors";
import { EmptyState, ErrorState, Skeleton } from "@/ui/states";
import { Key } from "@/ui/tag";
import classes from "./client-talk.module.css";
import { linkTalk, openTalk, talkKey, talksKey, useTalks } from "./queries";
import { Talk } from "./talk";
import { useLiveTalks } from "./use-talk";

interface ClientTalkProps {
  clientId: string;
  onClose: () => void;
  /** Over the page instead of in it. */
  isOverlay?: boolean;
}

/** A client's talks beside the rest of what is known about them; several only where several numbers of ours wrote. */
export function ClientTalk({ clientId, onClose, isOverlay }: ClientTalkProps): ReactNode {
  const { data, error, refetch } = useTalks({ client_id: clientId });
  useLiveTalks();
  const [chosen, setChosen] = useState<string | null>(null);
  const talks = data?.pages.flatMap(({ rows }) => rows) ?? [];
  const shown = talks.find(({ id }) => id === chosen) ?? talks[0];
  return (
    <section className={classes.panel} data-overlay={isOverlay || undefined} aria-label="Conversa com o cliente">
      <header className={classes.head}>
        <h2>Conversa</h2>
        <Key>Alt+W</Key>
        {talks.length > 1 && (
          <NativeSelect
            size="xs"
            aria-label="Número remetente"
            value={shown?.id}
            data={talks.map(({ id, sender }) => ({ value: id, label: sender.name }))}
            onChange={(event) => setChosen(event.currentTarget.value)}
          />
        )}
        <CloseButton aria-label="Fechar a conversa" onClick={onClose} />
      </header>
      {!data && (error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Loading />)}
      {data && !shown && <Begin clientId={clientId} />}
      {shown && <Talk talkId={shown.id} />}
    </section>
  );
}

function Loading(): ReactNode {
  return (
    <div className={classes.loading} aria-busy="true">
      <span className="hidden-visually">Carregando a conversa…</span>
      <Skeleton width="60%" height={44} />
      <Skeleton width="80%" height={44} />
    </div>
  );
}

/** Nobody wrote yet. A number that somebody else has, too, is first said whose it is. */
function Begin({ clientId }: { clientId: string }): ReactNode {
  const queryClient = useQueryClient();
  const done = (): Promise<void> => queryClient.invalidateQueries({ queryKey: talksKey });
  const open = useMutation({ mutationFn: () => openTalk(clientId), onSuccess: done });
  const link = useMutation({
    mutationFn: (talkId: string) => linkTalk(talkId, clientId),
    onSuccess: async (_, talkId) => {
      queryClient.removeQueries({ queryKey: talkKey(talkId) });
      await done();
    },
  });
  const refusal = open.error instanceof AppError ? open.error : null;
  const isShared = refusal?.code === "number_shared" || refusal?.code === "number_of_another";
  return (
    <EmptyState
      title={isShared ? "Mais de uma pessoa tem este número" : "Ainda não há conversa"}
      action={
        isShared ? (
          <Button loading={link.isPending} onClick={() => link.mutate(refusal.detail)}>
            A conversa é deste cliente
          </Button>
        ) : (
          <Button loading={open.isPending} onClick={() => open.mutate()}>
            Começar conversa
          </Button>
        )
      }
    >
      {isShared && "Confirme com quem você está falando antes de ligar a conversa a este cliente. "}
      {!isShared &&
        !open.error &&
        "A primeira mensagem é um modelo aprovado; depois que a pessoa responder, texto livre."}
      {open.error && <span role="alert">{sentenceFor(open.error)}</span>}
      {link.error && <span role="alert">{sentenceFor(link.error)}</span>}
    </EmptyState>
  );
}
