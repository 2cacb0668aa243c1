import { Button, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import { documentNumber } from "@/lib/format";
import classes from "./link-panel.module.css";
import { countsKey, ignoreTalk, linkTalk, talkKey, talksKey, useClientSearch } from "./queries";
import type { Person, Talk } from "./shapes";

/** A typist's pause between two keys. */
const typingPauseMs = 180;

interface LinkPanelProps {
  talk: Talk;
  /** Who of the carteira has the number. */
  people: Person[];
  onDone?: () => void;
}

/** Whose number is this? One of those who have it, somebody else of the carteira, or nobody of ours. */
export function LinkPanel({ talk, people, onDone }: LinkPanelProps): ReactNode {
  const [typed, setTyped] = useState("");
  const [q] = useDebouncedValue(typed, typingPauseMs);
  const { data: found } = useClientSearch(q);
  const queryClient = useQueryClient();
  const act = useMutation({
    mutationFn: (clientId: string | null) => (clientId ? linkTalk(talk.id, clientId) : ignoreTalk(talk.id, true)),
    onSuccess: () => {
      // What the other person was told is not this one's: nothing fetched before may stay.
      queryClient.removeQueries({ queryKey: talkKey(talk.id), exact: true, type: "inactive" });
      void queryClient.resetQueries({ queryKey: talkKey(talk.id) });
      for (const queryKey of [talksKey, countsKey]) void queryClient.invalidateQueries({ queryKey });
      onDone?.();
    },
  });
  const isSearching = q.trim().length > 1;
  const offered = isSearching ? (found ?? []) : people;
  return (
    <section className={classes.panel} aria-label="De quem é este número?">
      <p>
        <strong>De quem é este número?</strong>{" "}
        {people.length > 1 && `Na carteira, ${people.length} pessoas o têm: escolha com quem você está falando.`}
        {people.length === 0 && !talk.ignored_at && "Ninguém da carteira o tem."}
      </p>
      <TextInput
        aria-label="Procurar na carteira"
        placeholder="Nome, documento, telefone ou contrato"
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      {offered.length > 0 && (
        <ul aria-label="Pessoas encontradas" className={classes.people}>
          {offered.map(({ id, name, document }) => (
            <li key={id}>
              <Button size="compact-sm" variant="default" disabled={act.isPending} onClick={() => act.mutate(id)}>
                É de {name} · {documentNumber(document)}
              </Button>
            </li>
          ))}
        </ul>
      )}
      {isSearching && found?.length === 0 && <p className={classes.faint}>Ninguém encontrado.</p>}
      {!(talk.client || talk.ignored_at) && (
        <Button size="compact-sm" variant="subtle" disabled={act.isPending} onClick={() => act.mutate(null)}>
          Ignorar este número
        </Button>
      )}
      {act.error && <p role="alert">{sentenceFor(act.error)}</p>}
    </section>
  );
}
