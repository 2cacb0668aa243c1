import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { sentenceFor } from "@/lib/errors";
import { phone } from "@/lib/format";
import { useHasRole, useMember } from "@/lib/session";
import { NoContactButton } from "@/ui/no-contact/no-contact-button";
import { Tag } from "@/ui/tag";
import { LinkPanel } from "./link-panel";
import { ignoreTalk, takeTalk, talkKey, talksKey } from "./queries";
import type { TalkPage } from "./shapes";
import classes from "./talk.module.css";
import { WindowClock } from "./window-clock";
import { talkName } from "./words";

/** With whom, through which number, whose work it is, and how long free text may still go out. */
export function TalkHeader({ page, back }: { page: TalkPage; back: ReactNode }): ReactNode {
  const { conversation: talk, people } = page;
  const [isLinking, setIsLinking] = useState(false);
  const others = people.filter(({ id }) => id !== talk.client?.id);
  return (
    <header className={classes.header}>
      <div className={classes.who}>
        {back}
        <div>
          <h2>
            {talk.client ? (
              <Link href={`/atendimento/${talk.client.id}?conversa=1`}>{talkName(talk)}</Link>
            ) : (
              talkName(talk)
            )}
          </h2>
          <p className={classes.faint}>
            {[talk.phone && phone(talk.phone), `por ${talk.sender.name}`].filter(Boolean).join(" · ")}
          </p>
        </div>
        <WindowClock until={talk.window_until} />
        {(talk.client || talk.phone) && <NoContactButton clientId={talk.client?.id ?? null} phone={talk.phone} />}
      </div>
      <Owner page={page} />
      {talk.client && others.length > 0 && (
        <p className={classes.shared}>
          Este número também é de {others.map(({ name }) => name).join(", ")}.{" "}
          <Button size="compact-xs" variant="subtle" onClick={() => setIsLinking((open) => !open)}>
            A conversa é de outra pessoa
          </Button>
        </p>
      )}
      {isLinking && <LinkPanel talk={talk} people={others} onDone={() => setIsLinking(false)} />}
    </header>
  );
}

function Owner({ page }: { page: TalkPage }): ReactNode {
  const { conversation: talk } = page;
  const { user } = useMember();
  const isSupervisor = useHasRole("supervisor");
  const queryClient = useQueryClient();
  const act = useMutation({
    mutationFn: async (what: "take" | "release" | "restore") => {
      if (what === "restore") await ignoreTalk(talk.id, false);
      else await takeTalk(talk.id, what === "take" ? user.id : null);
    },
    onSettled: () => {
      void queryClient.invalidateQueries({ queryKey: talkKey(talk.id) });
      void queryClient.invalidateQueries({ queryKey: talksKey });
    },
  });
  const isMine = talk.owner?.user_id === user.id;
  const isFree = !talk.owner?.is_here;
  return (
    <div className={classes.owner}>
      {isMine && <Tag tone="accent">Sua conversa</Tag>}
      {isFree && <Tag>De ninguém</Tag>}
      {!(isMine || isFree) && <Tag tone="warn">De {talk.owner?.name ?? "outra pessoa"}</Tag>}
      {talk.ignored_at && <Tag>Ignorada</Tag>}
      {talk.ignored_at && (
        <Button size="compact-xs" variant="default" loading={act.isPending} onClick={() => act.mutate("restore")}>
          Trazer de volta
        </Button>
      )}
      {!isMine && (isFree || isSupervisor) && (
        <Button size="compact-xs" variant="default" loading={act.isPending} onClick={() => act.mutate("take")}>
          Assumir conversa
        </Button>
      )}
      {isMine && (
        <Button size="compact-xs" variant="subtle" loading={act.isPending} onClick={() => act.mutate("release")}>
          Deixar livre
        </Button>
      )}
      {act.error && <span role="alert">{sentenceFor(act.error)}</span>}
    </div>
  );
}
