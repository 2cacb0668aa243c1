import { useMutation } from "@tanstack/react-query";
import { type KeyboardEvent, type ReactNode, useState } from "react";
import { sentenceFor } from "@/lib/errors";
import classes from "./composer.module.css";
import { renderReply, useCannedReplies } from "./queries";
import type { CannedReply, Talk } from "./shapes";
import type { Draft } from "./use-draft";

/** More would cover the talk; typing narrows them down. */
const maxShown = 7;

export interface Canned {
  isOpen: boolean;
  found: CannedReply[];
  active: number;
  error: unknown;
  choose: (reply: CannedReply) => void;
  hover: (index: number) => void;
  /** True when the key was the list's. */
  onKeyDown: (event: KeyboardEvent) => boolean;
}

/** Open while the text ends in "/" and a word, at its beginning or after a blank. */
export function useCannedList(talk: Talk, draft: Draft, onChosen: () => void): Canned {
  const [, typed] = /(?:^|\s)\/([\p{L}\d-]*)$/u.exec(draft.text) ?? [];
  const [closedAt, setClosedAt] = useState<string | null>(null);
  const [active, setActive] = useState(0);
  const { data: replies = [] } = useCannedReplies();
  const word = plain(typed ?? "");
  const found =
    typed === undefined
      ? []
      : replies
          .filter(({ shortcut, body }) => shortcut.includes(word) || plain(body).includes(word))
          .sort((a, b) => Number(b.shortcut.startsWith(word)) - Number(a.shortcut.startsWith(word)))
          .slice(0, maxShown);
  const isOpen = found.length > 0 && closedAt !== draft.text;
  const at = Math.min(active, Math.max(found.length - 1, 0));
  const { mutate, error } = useMutation({
    mutationFn: (reply: CannedReply) => renderReply(reply, talk.client?.id),
    onSuccess: ({ body }) => {
      draft.change(draft.text.replace(/\/[\p{L}\d-]*$/u, "") + body);
      setActive(0);
      onChosen();
    },
  });
  const onKeyDown = (event: KeyboardEvent): boolean => {
    if (!isOpen) return false;
    const moves: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const step = moves[event.key];
    const chosen = found[at];
    if (step !== undefined) setActive((at + step + found.length) % found.length);
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && chosen) mutate(chosen);
    else if (event.key === "Escape") setClosedAt(draft.text);
    else return false;
    event.preventDefault();
    return true;
  };
  return { isOpen, found, active: at, error, choose: mutate, hover: setActive, onKeyDown };
}

function plain(text: string): string {
  return text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();
}

export function CannedList({ id, canned }: { id: string; canned: Canned }): ReactNode {
  return (
    <>
      <div id={id} role="listbox" aria-label="Respostas prontas" className={classes.canned}>
        {canned.found.map((reply, index) => (
          // The field keeps the focus; its arrows move here.
          <div
            key={reply.id}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === canned.active}
            onMouseEnter={() => canned.hover(index)}
            onMouseDown={(event) => {
              event.preventDefault();
              canned.choose(reply);
            }}
          >
            <strong>/{reply.shortcut}</strong>
            <span>{reply.body}</span>
          </div>
        ))}
      </div>
      {canned.error !== null && canned.error !== undefined && <p role="alert">{sentenceFor(canned.error)}</p>}
    </>
  );
}
